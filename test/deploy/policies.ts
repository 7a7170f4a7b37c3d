import { readdirSync, readFileSync } from 'node:fs';

const directory = new URL('../../deploy/iam/', import.meta.url);

/** The bucket that the policies name. */
export const exampleBucket = 'example-config';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: string | Readonly<Record<string, string>>;
  readonly Action: string | readonly string[];
  readonly Resource?: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

export const policyFiles = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .sort();

export function readPolicy(file: string): Policy {
  return JSON.parse(readPolicyText(file)) as Policy;
}

/** What a user or a role may do, as one bucket's own policy says it. */
export function asBucketPolicy(file: string, bucket: string, arn: string): readonly Statement[] {
  const here = JSON.parse(readPolicyText(file).replaceAll(exampleBucket, bucket)) as Policy;
  return here.Statement.map((statement) => ({ ...statement, Principal: { AWS: arn } }));
}

/** With a condition on `s3:prefix` a Ceph of before 2026 says 403 of a missing key, where AWS says 404. */
export function withoutConditions(statements: readonly Statement[]): readonly Statement[] {
  return statements.map(({ Condition: _condition, ...statement }) => statement);
}

/** Whether a policy lets do something with one object or, for an action on buckets, with those below a prefix. */
export function allows({ Statement: statements }: Policy, action: string, key: string): boolean {
  const object = `arn:aws:s3:::${exampleBucket}/${key}`;
  return statements.some(
    ({ Effect: effect, Action: actions, Resource: resources = [], Condition: condition }) => {
      if (effect !== 'Allow' || ![actions].flat().includes(action)) return false;
      const prefixes = condition?.['StringLike']?.['s3:prefix'];
      return prefixes === undefined ? matches(resources, object) : matches([prefixes].flat(), key);
    },
  );
}

function matches(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern,
  );
}

function readPolicyText(file: string): string {
  return readFileSync(new URL(file, directory), 'utf8');
}
