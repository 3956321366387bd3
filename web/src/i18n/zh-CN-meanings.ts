/** 配置参数的含义，按服务器给出的参数名。英文由服务器提供。 */
export const zhMeanings: Readonly<Record<string, string>> = {
  cacheTtlSeconds: '提供商密钥未另行设置时，亲和记录在最后一次使用后保留多久。单位为秒，大于 0 的整数。',
  cacheReservationRatio: '不根据负载学习时，提供商密钥的并发请求中为已绑定请求保留的比例。0 到 1。',
  'dynamicReservation.probePhaseRequests':
    '从提供商密钥的第一个请求算起，仍在探测其容量的请求数。不小于 0 的整数。',
  'dynamicReservation.probeReservation': '探测阶段中，提供商密钥的并发请求中为已绑定请求保留的比例。0 到 1。',
  'dynamicReservation.stableMinReservation': '探测阶段之后、负载较低时，为已绑定请求保留的最小比例。0 到 1。',
  'dynamicReservation.stableMaxReservation': '探测阶段之后、负载较高时，为已绑定请求保留的最大比例。0 到 1。',
  'dynamicReservation.lowLoadThreshold': '已占用的并发请求比例低于此值时，提供商密钥视为低负载。0 到 1。',
  'dynamicReservation.highLoadThreshold': '已占用的并发请求比例高于此值时，提供商密钥视为高负载。0 到 1。',
}
