/**
 * Names that the contract with users reserves and that this version does not have. Setting one is an error that says
 * so: nothing that a user asks for is silently ignored.
 */
export const unavailable: readonly string[] = [
  ['LAYERS', 'DRIFT', 'ADOPT', 'LINK_NAME', 'DIR_PATH', 'GIT_VERIFY', 'GIT_ALLOWED_SIGNERS', 'GIT_GPG_KEYS'],
  [
    'GIT_GITHUB_APP_ID',
    'GIT_GITHUB_APP_INSTALLATION_ID',
    'GIT_GITHUB_APP_PRIVATE_KEY',
    'GIT_GITHUB_APP_API_URL',
  ],
  ['S3_OBJECT', 'S3_ARCHIVE', 'S3_POINTER', 'S3_PREFIX', 'S3_MARKER', 'S3_SETTLE', 'S3_BUCKET', 'S3_AS_OF'],
  ['S3_ENDPOINT', 'S3_REGION', 'S3_PATH_STYLE', 'S3_CREDENTIALS', 'S3_BAD_KEYS', 'S3_CONCURRENCY', 'S3_CA'],
  [
    'S3_REQUESTER_PAYS',
    'S3_SSE_C_KEY',
    'WEBHOOK_SECRET',
    'SQS_QUEUE_URL',
    'NATS_URL',
    'NATS_SUBJECT',
    'ROLLOUT_WINDOW',
  ],
]
  .flat()
  .map((name) => `WHERRY_${name}`);
