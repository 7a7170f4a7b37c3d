import { startGitServer } from '../../src/commands/demo/git-server.ts';
import { tlsFront } from './tls-front.ts';

/** A Git server in a process of its own, so that its children count for nobody's CPU but its own. */
let requests = 0;
const [root = '.', scheme] = process.argv.slice(2);
const server = await startGitServer({
  root,
  env: process.env,
  onRequest: () => {
    requests += 1;
  },
});
process.on('message', () => process.send?.(requests));
process.on('disconnect', () => process.exit(0));
process.send?.(scheme === 'https' ? await tlsFront(server.url, root) : server.url);
