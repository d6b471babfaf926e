import { batch, ecr, ecs, eks } from './containers.ts';
import { athena, firehose, glue, kafka, kinesis, sagemaker } from './data.ts';
import { efs, elasticache, rds, redshift } from './databases.ts';
import { dynamodb } from './dynamodb.ts';
import { acm, apigateway, apigatewayv2, cloudfront, route53, wafv2 } from './edge.ts';
import {
  cloudformation,
  cloudtrail,
  codebuild,
  config,
  guardduty,
  organizations,
  serviceDiscovery,
  tagging,
} from './governance.ts';
import type { Scenario } from './harness.ts';
import { lambda } from './lambda.ts';
import { events, sns, sqs } from './messaging.ts';
import { cloudwatch, logs, stepFunctions } from './monitoring.ts';
import { cognito, ses } from './people.ts';
import { applicationAutoScaling, autoscaling, elb, elbv2 } from './scaling.ts';
import { secretsManager, ssm } from './secrets.ts';

/** All services but those that files of their own are about (EC2, IAM, STS, KMS, S3). */
export const SERVICES: Readonly<Record<string, Scenario>> = {
  ...{ batch, ecr, ecs, eks, lambda },
  ...{ dynamodb, efs, elasticache, rds, redshift },
  ...{ events, sns, sqs, ssm, secretsManager },
  ...{ cloudwatch, logs, stepFunctions },
  ...{ athena, firehose, glue, kafka, kinesis, sagemaker },
  ...{ acm, apigateway, apigatewayv2, cloudfront, route53, wafv2 },
  ...{ cloudformation, cloudtrail, codebuild, config, guardduty, organizations, serviceDiscovery, tagging },
  ...{ cognito, ses },
  ...{ applicationAutoScaling, autoscaling, elb, elbv2 },
};
