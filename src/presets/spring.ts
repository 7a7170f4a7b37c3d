import type { Preset } from './preset.ts';

const security =
  'put credentials that may use the endpoint in WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_PASSWORD, and except it from CSRF protection';

/** The refresh endpoint answers with the keys that changed; none is an answer too. */
export const spring: Preset = {
  application: 'Spring Boot',
  settings: {
    reloadUrl: 'http://127.0.0.1:8080/actuator/refresh',
    reloadMethod: 'POST',
    reloadExpect: '2xx',
  },
  cures: {
    401: security,
    403: security,
    404: 'expose the endpoint: management.endpoints.web.exposure.include=refresh, with spring-cloud-context on the class path',
  },
  validator: undefined,
};
