/** The AWS variables that credentials are found by. */
export const aws = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
  expiration: 'AWS_CREDENTIAL_EXPIRATION',
  profile: 'AWS_PROFILE',
  credentialsFile: 'AWS_SHARED_CREDENTIALS_FILE',
  configFile: 'AWS_CONFIG_FILE',
  roleArn: 'AWS_ROLE_ARN',
  webIdentityTokenFile: 'AWS_WEB_IDENTITY_TOKEN_FILE',
  containerFullUri: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  containerRelativeUri: 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  containerTokenFile: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  metadataDisabled: 'AWS_EC2_METADATA_DISABLED',
  metadataEndpoint: 'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  metadataMode: 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
  region: 'AWS_REGION',
  defaultRegion: 'AWS_DEFAULT_REGION',
} as const;

/** The setting that chooses where they come from. */
export const chosenBy = 'WHERRY_S3_CREDENTIALS';
