/** What the rule packs say of this template that stays as it is, each with its reason. */

import { Stack, Validations } from 'aws-cdk-lib';
import type { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

const EMPTY_DEFAULTS = {
  id: 'CloudFormation-Validate::W1030',
  reason:
    'The empty default of a parameter is tested against what only holds where it is not empty; conditions keep these apart.',
};

const DECIDED =
  'A property that was given takes the place of its parameter, which decides conditions once and for all: the other branch is dead.';

/** Acknowledges what is found at the template's own resources. */
export function acknowledge(template: CfnInclude): void {
  Validations.of(template).acknowledge(
    EMPTY_DEFAULTS,
    { id: 'CloudFormation-Validate::W1028', reason: DECIDED },
    { id: 'CloudFormation-Validate::W2503', reason: DECIDED },
  );
  Validations.of(template.getResource('Bucket')).acknowledge({
    id: 'AwsSolutions::AwsSolutions-S1',
    reason:
      'Access logs would need a second bucket that nobody reads. Who must know of every access turns on data events of CloudTrail. ' +
      'Changes are seen without either: objects are versioned, and `rekor-sentinel verify` finds what was altered.',
  });
  const role = template.getResource('FunctionRole') as CfnRole;
  for (const resource of prefixes(Stack.of(role).resolve(role.policies))) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions::AwsSolutions-IAM5[Resource::${JSON.stringify(resource)}]`,
      reason:
        'A prefix of one bucket: names of objects carry the log, the position and a hash. The actions on it are single ones, ' +
        'and below audit/ a put must be the first of its name.',
    });
  }
}

/**
 * Acknowledges what is found at the template's parameters, conditions and outputs, which counts as the stack's: call it
 * for a stack that holds nothing else.
 */
export function acknowledgeAtStack(stack: Stack): void {
  Validations.of(stack).acknowledge(
    EMPTY_DEFAULTS,
    {
      id: 'CloudFormation-Validate::W1001',
      reason: 'An output names a conditional resource only in that branch of Fn::If in which its condition holds.',
    },
    { id: 'CloudFormation-Validate::W8003', reason: DECIDED },
  );
}

/** Every `Fn::Sub` with names of its own whose text ends in a star. */
function prefixes(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(prefixes);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isPrefix = key === 'Fn::Sub' && Array.isArray(inner) && String(inner[0]).endsWith('*');
    return isPrefix ? [inner as unknown] : prefixes(inner);
  });
}
