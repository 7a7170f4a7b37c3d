/**
 * Names that the contract with users reserves and that this version does not have. Setting one is an error that says
 * so: nothing that a user asks for is silently ignored.
 */
export const unavailable: readonly string[] = [
  ['GIT_VERIFY', 'GIT_ALLOWED_SIGNERS', 'GIT_GPG_KEYS'],
  [
    'GIT_GITHUB_APP_ID',
    'GIT_GITHUB_APP_INSTALLATION_ID',
    'GIT_GITHUB_APP_PRIVATE_KEY',
    'GIT_GITHUB_APP_API_URL',
  ],
  ['WEBHOOK_SECRET', 'SQS_QUEUE_URL', 'NATS_URL', 'NATS_SUBJECT', 'ROLLOUT_WINDOW'],
]
  .flat()
  .map((name) => `WHERRY_${name}`);
