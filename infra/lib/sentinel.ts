/**
 * Rekor Sentinel as a construct.
 *
 * It makes no resource of its own: it includes `template.yaml`, the one source of truth that SAM deploys as well, gives
 * its parameters types, and its function the code that was built.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CfnOutput } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { CfnFunction } from 'aws-cdk-lib/aws-sam';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledged';
import { parameters, type RekorSentinelProps } from './properties';

export { acknowledgeAtStack } from './acknowledged';
export { Processor, Schedule, type RekorSentinelProps, type RetentionDays, type SlackChannel } from './properties';

const REPOSITORY = join(__dirname, '..', '..');

export class RekorSentinel extends Construct {
  /** The template's resources, parameters, conditions and outputs, by their names there. */
  readonly template: CfnInclude;

  /**
   * Logical names are those of the template, so that a stack deployed with SAM can go on with CDK: one to a stack.
   */
  constructor(scope: Construct, id: string, props: RekorSentinelProps = {}) {
    super(scope, id);
    this.template = new CfnInclude(this, 'Template', {
      templateFile: join(REPOSITORY, 'template.yaml'),
      parameters: parameters(props),
    });
    this.giveCode(props.code ?? join(REPOSITORY, 'target', 'lambda', 'sentinel-monitor'));
    acknowledge(this.template);
  }

  /** The value of an output of the template (`Store`, `AlertTopicArn`, …). */
  output(name: string): CfnOutput {
    return this.template.getOutput(name);
  }

  private giveCode(folder: string): void {
    if (!existsSync(join(folder, 'bootstrap'))) {
      throw new Error(`${folder} holds no bootstrap: run \`cargo lambda build --release --arm64\` in functions/monitor first`);
    }
    const asset = new Asset(this, 'Code', { path: folder });
    const monitor = this.template.getResource('Function') as CfnFunction;
    monitor.codeUri = { bucket: asset.s3BucketName, key: asset.s3ObjectKey };
  }
}
