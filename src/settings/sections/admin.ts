import * as kinds from '../kinds.ts';
import { inSection } from '../setting.ts';

const admin = inSection('admin');

export const adminSettings = {
  adminAddress: admin(kinds.listenAddress, {
    default: ':9717',
    meaning: '`host:port`, `:port`, or `off`; a port that is taken is a warning, never an exit',
  }),
  adminToken: admin(kinds.token, {
    secret: true,
    meaning: 'bearer token for `POST`; without it `POST` is refused',
  }),
} as const;
