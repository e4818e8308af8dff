import { t } from '../../text.ts';
import { Button, Field, Input, Stack, Text } from '@grafana/ui';
import { useId, useState } from 'react';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { useScaling, type Scaling } from '../../lib/scaling-api.ts';
import { choiceOf, countsOf, moneyText, typedCount } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';

interface SetFlowProps {
  readonly service: string;
  /** As they stood when the dialog was opened. */
  readonly facts: Scaling;
  /** The number that the dialog begins with. */
  readonly initial: number;
  readonly onClose: () => void;
}

/** Sets the number of instances: plan, reason and, where instances are removed, the typed name. */
export function SetFlow({ service, facts: opened, initial, onClose }: SetFlowProps): React.JSX.Element {
  const facts = useScaling(service).data?.scaling ?? opened;
  const [text, setText] = useState(String(initial));
  const desired = typedCount(text);
  const { desired: now } = countsOf(facts);
  const isSame = desired !== null && desired === now;
  const isFewer = desired !== null && now !== null && desired < now;
  return (
    <ActionFlow
      spec={{
        id: 'setScaling',
        params: { name: service },
        body: desired === null ? {} : { desired },
        ready: desired !== null && !isSame,
        title: t('set.title', 'Set the number of instances of {{service}}', { service }),
        verb:
          desired === null || isSame
            ? t('set.verb', 'Set the number')
            : isFewer
              ? t('set.verb-fewer', 'Remove down to {{desired}}', { desired })
              : t('set.verb-more', 'Add up to {{desired}}', { desired }),
        service,
        destructive: isFewer,
      }}
      options={<NumberField facts={facts} text={text} onText={setText} isSame={isSame} />}
      onClose={onClose}
    />
  );
}

interface NumberFieldProps {
  readonly facts: Scaling;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly isSame: boolean;
}

function NumberField({ facts, text, onText, isSame }: NumberFieldProps): React.JSX.Element {
  const id = useId();
  const desired = typedCount(text);
  const { min, max, desired: now } = countsOf(facts);
  const step = (by: number) => (): void => onText(String(Math.max(0, (desired ?? now ?? min) + by)));
  return (
    <Stack direction="column" gap={1}>
      <Field
        noMargin
        label={t('set.number', 'Instances')}
        description={t('set.bounds', 'Set to {{now}} now; the policy allows {{min}} to {{max}}', {
          now: now ?? t('time.unknown', 'not known'),
          min,
          max,
        })}
        htmlFor={id}
        {...(desired === null
          ? { invalid: true, error: t('set.not-a-number', 'A whole number is needed') }
          : isSame
            ? { invalid: true, error: t('set.same', 'That is the number it is set to already') }
            : {})}
      >
        <Input
          id={id}
          inputMode="numeric"
          width={20}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
          data-testid={scalingTestIds.desired}
          addonBefore={<StepButton icon="minus" label={t('set.fewer', 'One fewer')} onClick={step(-1)} />}
          addonAfter={<StepButton icon="plus" label={t('set.more', 'One more')} onClick={step(1)} />}
        />
      </Field>
      {desired !== null && <ChoiceCost facts={facts} desired={desired} />}
    </Stack>
  );
}

interface StepButtonProps {
  readonly icon: 'minus' | 'plus';
  readonly label: string;
  readonly onClick: () => void;
}

function StepButton({ icon, label, onClick }: StepButtonProps): React.JSX.Element {
  return <Button type="button" variant="secondary" icon={icon} aria-label={label} onClick={onClick} />;
}

/** What the number would cost, before there is a plan. */
function ChoiceCost({
  facts,
  desired,
}: {
  readonly facts: Scaling;
  readonly desired: number;
}): React.JSX.Element | null {
  const { costPerHour, isOverCeiling } = choiceOf(facts, desired);
  const { cost } = facts;
  if (cost === null || costPerHour === null) return null;
  return (
    <Text color={isOverCeiling ? 'warning' : 'secondary'}>
      {isOverCeiling && cost.ceilingPerHour !== null
        ? t('set.over-ceiling', 'Would cost {{cost}} an hour, over the ceiling of {{ceiling}}', {
            cost: moneyText(costPerHour, cost.currency),
            ceiling: moneyText(cost.ceilingPerHour, cost.currency),
          })
        : t('set.cost', 'Would cost {{cost}} an hour; now {{now}}', {
            cost: moneyText(costPerHour, cost.currency),
            now: moneyText(cost.perHour, cost.currency),
          })}
    </Text>
  );
}
