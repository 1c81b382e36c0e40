/**
 * What can be chosen, typed, and how it becomes a parameter of the template.
 *
 * Defaults stand in the template alone: what is not given stays a parameter of the stack.
 */

import { SecretValue, Token } from 'aws-cdk-lib';

/** How often the logs are read. */
export enum Schedule {
  EVERY_MINUTE = '1-minute',
  EVERY_5_MINUTES = '5-minutes',
  EVERY_15_MINUTES = '15-minutes',
  EVERY_HOUR = '1-hour',
}

/** For which processor the function is built. */
export enum Processor {
  ARM64 = 'arm64',
  X86_64 = 'x86_64',
}

/** After how many days objects of the record expire. `NEVER` keeps them. */
export type RetentionDays = 0 | 400 | 731 | 1096 | 1827 | 2557 | 3653;

/** A channel of Slack, whose workspace was authorised once in the console. */
export interface SlackChannel {
  /** `T…`. */
  readonly workspaceId: string;
  /** `C…`, not its name. */
  readonly channelId: string;
}

export interface RekorSentinelProps {
  /**
   * The folder that holds `bootstrap`, as `cargo lambda build --release --arm64` in functions/monitor leaves it.
   *
   * @default target/lambda/sentinel-monitor of the repository
   */
  readonly code?: string;
  /** An identity that is watched until the bucket holds config/sentinel.yaml: an address, or a repository's or owner's URL. */
  readonly watch?: string;
  /** @default Schedule.EVERY_5_MINUTES */
  readonly schedule?: Schedule;
  /** Gets alerts and alarms. AWS sends a mail first that must be confirmed. */
  readonly alertEmail?: string;
  /** Makes a topic for the chat form, to be connected to Slack or Teams in the console. */
  readonly chat?: boolean;
  /** Makes the chat topic and connects it. */
  readonly slack?: SlackChannel;
  /** Is asked after each complete pass. A secret: whoever knows it can pretend that passes complete. */
  readonly heartbeatUrl?: SecretValue;
  /** Days after which the record expires. What has expired can no longer be verified. @default 0, never */
  readonly retentionDays?: RetentionDays;
  /** Days for which nobody without s3:BypassGovernanceRetention can delete an object of the record. @default 0, off */
  readonly lockDays?: number;
  /** Days for which the function's logs are kept. @default 30 */
  readonly logRetentionDays?: number;
  /** A bucket of yours. Its name must be known when the template is made. */
  readonly existingBucket?: string;
  /** Where in the bucket the record stands, with a slash at the end. */
  readonly bucketPrefix?: string;
  /** A topic of yours, by its ARN, which must be known when the template is made. */
  readonly existingTopicArn?: string;
  /** A topic of yours for the chat form, likewise. */
  readonly existingChatTopicArn?: string;
  /** The KMS keys of the existing bucket and topics. */
  readonly existingKeyArns?: string[];
  /** What other sentinels publish in their buckets, where views name any: `arn:aws:s3:::BUCKET/FOLDER/public/*`. */
  readonly otherRecordArns?: string[];
  /** The processor that `code` was built for. @default Processor.ARM64 */
  readonly processor?: Processor;
  /** @default 256 */
  readonly memoryMiB?: number;
  /** Concurrent passes at most. @default none reserved */
  readonly reservedConcurrency?: number;
}

/** The parameters of the template that were given. */
export function parameters(props: RekorSentinelProps): Record<string, string | number | string[]> {
  const given: Record<string, string | number | string[] | undefined> = {
    Watch: props.watch,
    Schedule: props.schedule,
    AlertEmail: props.alertEmail,
    Chat: props.chat === undefined ? undefined : props.chat ? 'yes' : 'no',
    SlackWorkspaceId: props.slack?.workspaceId,
    SlackChannelId: props.slack?.channelId,
    HeartbeatUrl: props.heartbeatUrl?.unsafeUnwrap(),
    RetentionDays: props.retentionDays,
    LockDays: props.lockDays,
    LogRetentionDays: props.logRetentionDays,
    ExistingBucket: known('existingBucket', props.existingBucket),
    BucketPrefix: known('bucketPrefix', props.bucketPrefix),
    ExistingTopic: known('existingTopicArn', props.existingTopicArn),
    ExistingChatTopic: known('existingChatTopicArn', props.existingChatTopicArn),
    ExistingKeys: props.existingKeyArns,
    OtherRecords: props.otherRecordArns,
    Architecture: props.processor,
    MemorySize: props.memoryMiB,
    ReservedConcurrency: props.reservedConcurrency,
  };
  const chosen: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) chosen[name] = value;
  }
  return chosen;
}

/** Conditions decide by these, and CloudFormation decides conditions before it knows of any resource. */
function known(property: string, value: string | undefined): string | undefined {
  if (value !== undefined && Token.isUnresolved(value)) {
    throw new Error(`${property} must be known when the template is made: give its name, not a reference to a resource`);
  }
  return value;
}
