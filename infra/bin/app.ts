/** An example: one deployment that tells an address and a Slack channel. */

import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { acknowledgeAtStack, RekorSentinel, Schedule } from '../lib/sentinel';

const app = new App();
const stack = new Stack(app, 'rekor-sentinel', { description: 'Watches Sigstore transparency logs' });
const code: unknown = app.node.tryGetContext('code');

new RekorSentinel(stack, 'RekorSentinel', {
  ...(typeof code === 'string' ? { code } : {}),
  watch: 'https://github.com/acme',
  schedule: Schedule.EVERY_5_MINUTES,
  alertEmail: 'security@acme.example',
  slack: { workspaceId: 'T00000000', channelId: 'C00000000' },
});

acknowledgeAtStack(stack);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
