/** The construct is the template, with types: nothing is lost, nothing is added but the code, and the rule packs agree. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { App, Aws, SecretValue, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { acknowledgeAtStack, Processor, RekorSentinel, Schedule, type RekorSentinelProps } from '../lib/sentinel';

const scratch = mkdtempSync(join(tmpdir(), 'sentinel-infra-'));
const code = join(scratch, 'code');
mkdirSync(code);
writeFileSync(join(code, 'bootstrap'), 'not a program');
after(() => rmSync(scratch, { recursive: true }));

type Section = Record<string, any>;
interface Synthesised {
  template: Record<string, Section>;
  /** The ids of what the rule packs found and nobody acknowledged. */
  violations: string[];
  failed: boolean;
}

/** What a stack with these properties comes to, and what the rule packs find in it. */
function synthesise(props: RekorSentinelProps, more: (stack: Stack) => void = () => undefined): Synthesised {
  const outdir = mkdtempSync(join(scratch, 'out-'));
  const app = new App({ outdir, analyticsReporting: false, context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
  const stack = new Stack(app, 'test');
  new RekorSentinel(stack, 'RekorSentinel', { code, ...props });
  more(stack);
  acknowledgeAtStack(stack);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { failed, stderr } = quietly(() => app.synth());
  const template = JSON.parse(readFileSync(join(outdir, 'test.template.json'), 'utf8')) as Record<string, Section>;
  const violations = [...stderr.matchAll(/Acknowledge with '([^']+)'/g)].map((match) => match[1] ?? '');
  return { template, failed, violations: violations.filter((id) => !id.startsWith('Annotation::')) };
}

/** Runs what reports violations on standard error and then fails, and gives both. */
function quietly(run: () => unknown): { failed: boolean; stderr: string } {
  const { error, warn } = console;
  const write = process.stderr.write;
  let stderr = '';
  const keep = (...texts: unknown[]): boolean => {
    stderr += `${texts.map(String).join(' ')}\n`;
    return true;
  };
  process.stderr.write = keep;
  Object.assign(console, { error: keep, warn: keep });
  try {
    run();
    return { failed: false, stderr };
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'ValidationFailed') throw thrown;
    return { failed: true, stderr };
  } finally {
    process.stderr.write = write;
    Object.assign(console, { error, warn });
  }
}

/** The names at the first level of a section of template.yaml. */
function names(section: string): string[] {
  const text = readFileSync(join(__dirname, '..', '..', 'template.yaml'), 'utf8');
  const body = text.split(new RegExp(`^${section}:$`, 'm'))[1]?.split(/^\S/m)[0] ?? '';
  return [...body.matchAll(/^ {2}([\w-]+):/gm)].map((match) => match[1] ?? '');
}

test('everything of the template is there, and nothing else', () => {
  const { template, violations } = synthesise({});
  for (const section of ['Resources', 'Outputs', 'Conditions', 'Mappings', 'Parameters']) {
    const expected = names(section);
    assert.ok(expected.length > 0, section);
    const found = Object.keys(template[section] ?? {}).filter((name) => name !== 'BootstrapVersion');
    assert.deepEqual(found.sort(), expected.sort(), section);
  }
  assert.equal(template['Transform'], 'AWS::Serverless-2016-10-31');
  assert.deepEqual(violations, []);
});

test('the function has its code as an asset, and keeps what SAM knows and CloudFormation does not', () => {
  const { template } = synthesise({});
  const monitor = template['Resources']?.['Function'].Properties;
  assert.match(monitor.CodeUri.Key, /^[0-9a-f]{64}\.zip$/);
  assert.ok(monitor.CodeUri.Bucket);
  assert.equal(monitor.Events.Tick.Type, 'ScheduleV2');
  assert.equal(monitor.Events.Tick.Properties.OmitName, true);
  assert.equal(monitor.Events.Tick.Properties.RetryPolicy.MaximumRetryAttempts, 0);
  assert.equal(monitor.EventInvokeConfig.MaximumRetryAttempts, 0);
  assert.deepEqual(monitor.LoggingConfig, { LogGroup: { Ref: 'LogGroup' } });
  assert.equal(template['Resources']?.['Bucket'].DeletionPolicy, 'Retain');
});

test('what is given takes the place of its parameter', () => {
  const { template, violations } = synthesise({
    watch: 'https://github.com/acme',
    schedule: Schedule.EVERY_HOUR,
    processor: Processor.X86_64,
    memoryMiB: 512,
    lockDays: 30,
    retentionDays: 400,
    bucketPrefix: 'sentinel/',
    existingBucket: 'a-bucket',
    existingTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alerts',
    existingKeyArns: ['arn:aws:kms:eu-central-1:123456789012:key/1'],
    otherRecordArns: ['arn:aws:s3:::other/public/*'],
    slack: { workspaceId: 'T1', channelId: 'C1' },
    heartbeatUrl: SecretValue.secretsManager('heartbeat'),
    reservedConcurrency: 1,
  });
  const monitor = template['Resources']?.['Function'].Properties;
  assert.deepEqual(monitor.Timeout, { 'Fn::FindInMap': ['Timing', '1-hour', 'Timeout'] });
  assert.deepEqual(monitor.Architectures, ['x86_64']);
  assert.equal(monitor.MemorySize, 512);
  assert.equal(monitor.Environment.Variables.SENTINEL_WATCH, 'https://github.com/acme');
  assert.match(monitor.Environment.Variables.SENTINEL_HEARTBEAT_URL, /^\{\{resolve:secretsmanager:heartbeat:/);
  assert.match(JSON.stringify(monitor.Environment.Variables.SENTINEL_STORE), /sentinel\//);
  assert.equal(template['Parameters']?.['Schedule'], undefined);
  assert.ok(template['Parameters']?.['AlertEmail'], 'what is not given stays a parameter');
  assert.deepEqual(template['Conditions']?.['IsLocked'], { 'Fn::Not': [{ 'Fn::Equals': [30, 0] }] });
  assert.deepEqual(violations, []);
});

test('what conditions decide by cannot be a reference', () => {
  const refused = (props: RekorSentinelProps) => assert.throws(() => synthesise(props), /must be known/);
  refused({ existingBucket: Aws.STACK_NAME });
  refused({ existingTopicArn: Aws.STACK_ID });
  refused({ existingChatTopicArn: Aws.STACK_ID });
  refused({ bucketPrefix: `${Aws.REGION}/` });
});

test('code that was not built is named with the command that builds it', () => {
  assert.throws(() => synthesise({ code: join(scratch, 'nowhere') }), /cargo lambda build/);
});

test('the rule packs are at work', () => {
  const { failed, violations } = synthesise({}, (stack) => void new Bucket(stack, 'Open'));
  assert.ok(failed);
  assert.ok(violations.includes('AwsSolutions::AwsSolutions-S1'), violations.join());
  assert.ok(violations.includes('AwsSolutions::AwsSolutions-S10'), violations.join());
});
