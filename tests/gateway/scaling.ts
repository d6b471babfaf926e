import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const source = 'elasticloadbalancing';

export const elb: Scenario = async (t) => {
  const versioned = (expected: Expected): Expected => ({ ...expected, apiVersion: '2012-06-01' });
  const listener = { Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 80 };
  await t.call(
    'elb',
    'CreateLoadBalancer',
    { LoadBalancerName: 'old', Listeners: [listener], AvailabilityZones: ['us-east-1a'] },
    (r) =>
      versioned(
        write(
          source,
          {
            loadBalancerName: 'old',
            listeners: [{ protocol: 'HTTP', loadBalancerPort: 80, instancePort: 80 }],
            availabilityZones: ['us-east-1a'],
          },
          { dNSName: r.DNSName },
        ),
      ),
  );
  await t.cli(
    'DescribeLoadBalancers',
    ['elb', 'describe-load-balancers', '--load-balancer-names', 'old'],
    versioned(read(source, { loadBalancerNames: ['old'] })),
  );
  await t.call(
    'elb',
    'DescribeLoadBalancers',
    { LoadBalancerNames: ['nobody'] },
    versioned(failed(read(source, { loadBalancerNames: ['nobody'] }), 'AccessPointNotFoundException')),
  );
  await t.call(
    'elb',
    'DeleteLoadBalancer',
    { LoadBalancerName: 'old' },
    versioned(write(source, { loadBalancerName: 'old' })),
  );
};

export const elbv2: Scenario = async (t) => {
  const versioned = (expected: Expected): Expected => ({ ...expected, apiVersion: '2015-12-01' });
  const { TargetGroups } = await t.call('elbv2', 'CreateTargetGroup', { Name: 'mail', TargetType: 'lambda' }, (r) =>
    versioned(write(source, { name: 'mail', targetType: 'lambda' }, lowered(r))),
  );
  const arn = TargetGroups[0].TargetGroupArn;
  await t.call(
    'elbv2',
    'AddTags',
    { ResourceArns: [arn], Tags: [{ Key: 'WAF', Value: 'Internal' }] },
    versioned(write(source, { resourceArns: [arn], tags: [{ key: 'WAF', value: 'Internal' }] })),
  );
  await t.call('elbv2', 'DescribeTargetGroups', { Names: ['mail'] }, versioned(read(source, { names: ['mail'] })));
  await t.call(
    'elbv2',
    'DescribeLoadBalancers',
    { Names: ['nobody'] },
    versioned(failed(read(source, { names: ['nobody'] }), 'LoadBalancerNotFoundException')),
  );
  await t.call(
    'elbv2',
    'DeleteTargetGroup',
    { TargetGroupArn: arn },
    versioned(write(source, { targetGroupArn: arn })),
  );
};

export const autoscaling: Scenario = async (t) => {
  const source = 'autoscaling';
  await t.call(
    source,
    'CreateLaunchConfiguration',
    {
      LaunchConfigurationName: 'small',
      ImageId: 'ami-12c6146b',
      InstanceType: 't2.micro',
      InstanceMonitoring: { Enabled: false },
    },
    write(source, {
      launchConfigurationName: 'small',
      imageId: 'ami-12c6146b',
      instanceType: 't2.micro',
      instanceMonitoring: { enabled: false },
    }),
  );
  await t.call(
    source,
    'CreateAutoScalingGroup',
    {
      AutoScalingGroupName: 'web',
      LaunchConfigurationName: 'small',
      MinSize: 0,
      MaxSize: 0,
      AvailabilityZones: ['us-east-1a'],
    },
    write(source, {
      autoScalingGroupName: 'web',
      launchConfigurationName: 'small',
      minSize: 0,
      maxSize: 0,
      availabilityZones: ['us-east-1a'],
    }),
  );
  await t.cli(
    'DescribeAutoScalingGroups',
    ['autoscaling', 'describe-auto-scaling-groups', '--auto-scaling-group-names', 'web'],
    read(source, { autoScalingGroupNames: ['web'] }),
  );
  await t.call(
    source,
    'CreateAutoScalingGroup',
    { AutoScalingGroupName: 'worse', MinSize: 0, MaxSize: 0, AvailabilityZones: ['us-east-1a'] },
    failed(
      write(source, { autoScalingGroupName: 'worse', minSize: 0, maxSize: 0, availabilityZones: ['us-east-1a'] }),
      'ValidationException', // `ValidationError` on the wire
    ),
  );
  await t.call(
    source,
    'DeleteAutoScalingGroup',
    { AutoScalingGroupName: 'web', ForceDelete: true },
    write(source, { autoScalingGroupName: 'web', forceDelete: true }),
  );
};

/** Another service under the same name, told apart in additionalEventData (its guide's example). */
export const applicationAutoScaling: Scenario = async (t) => {
  const own = (expected: Expected): Expected => ({ ...expected, additional: { service: 'application-autoscaling' } });
  const target = {
    ServiceNamespace: 'lambda',
    ResourceId: 'function:sorter:live',
    ScalableDimension: 'lambda:function:ProvisionedConcurrency',
  };
  const shown = {
    serviceNamespace: 'lambda',
    resourceId: 'function:sorter:live',
    scalableDimension: 'lambda:function:ProvisionedConcurrency',
  };
  await t.call(
    'application-autoscaling',
    'RegisterScalableTarget',
    { ...target, MinCapacity: 1, MaxCapacity: 10 },
    (r) =>
      own(
        write('autoscaling', { ...shown, minCapacity: 1, maxCapacity: 10 }, { scalableTargetARN: r.ScalableTargetARN }),
      ),
  );
  await t.cli(
    'DescribeScalableTargets',
    ['application-autoscaling', 'describe-scalable-targets', '--service-namespace', 'lambda'],
    own(read('autoscaling', { serviceNamespace: 'lambda' })),
  );
  await t.call('application-autoscaling', 'DeregisterScalableTarget', target, own(write('autoscaling', shown)));
  await t.call(
    'application-autoscaling',
    'DeregisterScalableTarget',
    target,
    // AWS says ObjectNotFoundException.
    own(failed(write('autoscaling', shown), 'ValidationException')),
  );
};
