-- The gateway's nine tables exactly as its own database has them. Made by Prisma's schema engine, then changed by hand
-- where Prisma differs: unique constraints instead of unique indexes, no CREATE SCHEMA (it needs rights on the database).
-- Statements are split at semicolons, so none may stand inside a literal or a comment.

-- CreateEnum
CREATE TYPE "userrole" AS ENUM ('admin', 'user');

-- CreateEnum
CREATE TYPE "providerbillingtype" AS ENUM ('monthly_quota', 'pay_as_you_go', 'free_tier');

-- CreateTable
CREATE TABLE "users" (
    "id" VARCHAR(36) NOT NULL,
    "email" VARCHAR(255) NOT NULL,
    "username" VARCHAR(100) NOT NULL,
    "password_hash" VARCHAR(255) NOT NULL,
    "role" "userrole" NOT NULL,
    "allowed_providers" JSON,
    "allowed_endpoints" JSON,
    "allowed_models" JSON,
    "model_capability_settings" JSON,
    "quota_usd" DOUBLE PRECISION,
    "used_usd" DOUBLE PRECISION,
    "total_usd" DOUBLE PRECISION,
    "is_active" BOOLEAN NOT NULL,
    "is_deleted" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "last_login_at" TIMESTAMPTZ,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" VARCHAR(36) NOT NULL,
    "user_id" VARCHAR(36) NOT NULL,
    "key_hash" VARCHAR(64) NOT NULL,
    "key_encrypted" TEXT,
    "name" VARCHAR(100),
    "total_requests" INTEGER,
    "total_cost_usd" DOUBLE PRECISION,
    "balance_used_usd" DOUBLE PRECISION,
    "current_balance_usd" DOUBLE PRECISION,
    "is_standalone" BOOLEAN NOT NULL,
    "allowed_providers" JSON,
    "allowed_endpoints" JSON,
    "allowed_api_formats" JSON,
    "allowed_models" JSON,
    "rate_limit" INTEGER,
    "concurrent_limit" INTEGER,
    "force_capabilities" JSON,
    "is_active" BOOLEAN NOT NULL,
    "last_used_at" TIMESTAMPTZ,
    "expires_at" TIMESTAMPTZ,
    "auto_delete_on_expiry" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "providers" (
    "id" VARCHAR(36) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "display_name" VARCHAR(100) NOT NULL,
    "description" TEXT,
    "website" VARCHAR(500),
    "billing_type" "providerbillingtype" NOT NULL,
    "monthly_quota_usd" DOUBLE PRECISION,
    "monthly_used_usd" DOUBLE PRECISION,
    "quota_reset_day" INTEGER,
    "quota_last_reset_at" TIMESTAMPTZ,
    "quota_expires_at" TIMESTAMPTZ,
    "rpm_limit" INTEGER,
    "rpm_used" INTEGER,
    "rpm_reset_at" TIMESTAMPTZ,
    "provider_priority" INTEGER,
    "is_active" BOOLEAN NOT NULL,
    "rate_limit" INTEGER,
    "concurrent_limit" INTEGER,
    "config" JSON,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "providers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "provider_endpoints" (
    "id" VARCHAR(36) NOT NULL,
    "provider_id" VARCHAR(36) NOT NULL,
    "api_format" VARCHAR(50) NOT NULL,
    "base_url" VARCHAR(500) NOT NULL,
    "headers" JSON,
    "timeout" INTEGER,
    "max_retries" INTEGER,
    "max_concurrent" INTEGER,
    "rate_limit" INTEGER,
    "is_active" BOOLEAN NOT NULL,
    "custom_path" VARCHAR(200),
    "config" JSON,
    "proxy" JSONB,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "provider_endpoints_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "uq_provider_api_format" UNIQUE ("provider_id", "api_format")
);

-- CreateTable
CREATE TABLE "provider_api_keys" (
    "id" VARCHAR(36) NOT NULL,
    "endpoint_id" VARCHAR(36) NOT NULL,
    "api_key" VARCHAR(500) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "note" VARCHAR(500),
    "rate_multiplier" DOUBLE PRECISION NOT NULL,
    "internal_priority" INTEGER,
    "global_priority" INTEGER,
    "max_concurrent" INTEGER,
    "rate_limit" INTEGER,
    "daily_limit" INTEGER,
    "monthly_limit" INTEGER,
    "allowed_models" JSON,
    "capabilities" JSON,
    "learned_max_concurrent" INTEGER,
    "concurrent_429_count" INTEGER NOT NULL,
    "rpm_429_count" INTEGER NOT NULL,
    "last_429_at" TIMESTAMPTZ,
    "last_429_type" VARCHAR(50),
    "last_concurrent_peak" INTEGER,
    "adjustment_history" JSON,
    "utilization_samples" JSON,
    "last_probe_increase_at" TIMESTAMPTZ,
    "health_score" DOUBLE PRECISION,
    "consecutive_failures" INTEGER,
    "last_failure_at" TIMESTAMPTZ,
    "request_results_window" JSON,
    "cache_ttl_minutes" INTEGER NOT NULL,
    "max_probe_interval_minutes" INTEGER NOT NULL,
    "circuit_breaker_open" BOOLEAN NOT NULL,
    "circuit_breaker_open_at" TIMESTAMPTZ,
    "next_probe_at" TIMESTAMPTZ,
    "half_open_until" TIMESTAMPTZ,
    "half_open_successes" INTEGER,
    "half_open_failures" INTEGER,
    "request_count" INTEGER,
    "success_count" INTEGER,
    "error_count" INTEGER,
    "total_response_time_ms" INTEGER,
    "last_used_at" TIMESTAMPTZ,
    "last_error_at" TIMESTAMPTZ,
    "last_error_msg" TEXT,
    "is_active" BOOLEAN NOT NULL,
    "expires_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "provider_api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "global_models" (
    "id" VARCHAR(36) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "display_name" VARCHAR(100) NOT NULL,
    "default_price_per_request" DOUBLE PRECISION,
    "default_tiered_pricing" JSON NOT NULL,
    "supported_capabilities" JSON,
    "config" JSONB,
    "is_active" BOOLEAN NOT NULL,
    "usage_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "global_models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "models" (
    "id" VARCHAR(36) NOT NULL,
    "provider_id" VARCHAR(36) NOT NULL,
    "global_model_id" VARCHAR(36) NOT NULL,
    "provider_model_name" VARCHAR(200) NOT NULL,
    "provider_model_mappings" JSON,
    "price_per_request" DOUBLE PRECISION,
    "tiered_pricing" JSON,
    "supports_vision" BOOLEAN,
    "supports_function_calling" BOOLEAN,
    "supports_streaming" BOOLEAN,
    "supports_extended_thinking" BOOLEAN,
    "supports_image_generation" BOOLEAN,
    "is_active" BOOLEAN NOT NULL,
    "is_available" BOOLEAN,
    "config" JSON,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "models_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "uq_provider_model" UNIQUE ("provider_id", "provider_model_name")
);

-- CreateTable
CREATE TABLE "system_configs" (
    "id" VARCHAR(36) NOT NULL,
    "key" VARCHAR(100) NOT NULL,
    "value" JSON NOT NULL,
    "description" TEXT,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "system_configs_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "system_configs_key_key" UNIQUE ("key")
);

-- CreateTable
CREATE TABLE "audit_logs" (
    "id" VARCHAR(36) NOT NULL,
    "event_type" VARCHAR(50) NOT NULL,
    "user_id" VARCHAR(36),
    "api_key_id" VARCHAR(36),
    "description" TEXT NOT NULL,
    "ip_address" VARCHAR(45),
    "user_agent" VARCHAR(500),
    "request_id" VARCHAR(100),
    "event_metadata" JSON,
    "status_code" INTEGER,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "audit_logs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ix_users_email" ON "users"("email");

-- CreateIndex
CREATE UNIQUE INDEX "ix_users_username" ON "users"("username");

-- CreateIndex
CREATE INDEX "ix_users_id" ON "users"("id");

-- CreateIndex
CREATE UNIQUE INDEX "ix_api_keys_key_hash" ON "api_keys"("key_hash");

-- CreateIndex
CREATE INDEX "ix_api_keys_id" ON "api_keys"("id");

-- CreateIndex
CREATE UNIQUE INDEX "ix_providers_name" ON "providers"("name");

-- CreateIndex
CREATE INDEX "ix_providers_id" ON "providers"("id");

-- CreateIndex
CREATE INDEX "idx_endpoint_format_active" ON "provider_endpoints"("api_format", "is_active");

-- CreateIndex
CREATE INDEX "ix_provider_endpoints_id" ON "provider_endpoints"("id");

-- CreateIndex
CREATE INDEX "ix_provider_api_keys_id" ON "provider_api_keys"("id");

-- CreateIndex
CREATE UNIQUE INDEX "ix_global_models_name" ON "global_models"("name");

-- CreateIndex
CREATE INDEX "ix_global_models_id" ON "global_models"("id");

-- CreateIndex
CREATE INDEX "ix_global_models_usage_count" ON "global_models"("usage_count");

-- CreateIndex
CREATE INDEX "ix_models_global_model_id" ON "models"("global_model_id");

-- CreateIndex
CREATE INDEX "ix_models_id" ON "models"("id");

-- CreateIndex
CREATE INDEX "ix_system_configs_id" ON "system_configs"("id");

-- CreateIndex
CREATE INDEX "ix_audit_logs_created_at" ON "audit_logs"("created_at");

-- CreateIndex
CREATE INDEX "ix_audit_logs_event_type" ON "audit_logs"("event_type");

-- CreateIndex
CREATE INDEX "ix_audit_logs_id" ON "audit_logs"("id");

-- CreateIndex
CREATE INDEX "ix_audit_logs_request_id" ON "audit_logs"("request_id");

-- CreateIndex
CREATE INDEX "ix_audit_logs_user_id" ON "audit_logs"("user_id");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_endpoints" ADD CONSTRAINT "provider_endpoints_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_api_keys" ADD CONSTRAINT "provider_api_keys_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "provider_endpoints"("id") ON DELETE CASCADE;

-- AddForeignKey
ALTER TABLE "models" ADD CONSTRAINT "models_global_model_id_fkey" FOREIGN KEY ("global_model_id") REFERENCES "global_models"("id");

-- AddForeignKey
ALTER TABLE "models" ADD CONSTRAINT "models_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id");

-- AddForeignKey
ALTER TABLE "audit_logs" ADD CONSTRAINT "audit_logs_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL;
