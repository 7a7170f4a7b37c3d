import {
  DeniedError,
  type Failure,
  type FailureDetails,
  MissingError,
  RefusedError,
  SettingsError,
  TargetError,
  toFailure,
  UnexpectedError,
  UnreachableError,
  UnsettledError,
} from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import { layerPrefix } from '../../settings/layers/schema.ts';
import { inLayerTerms } from '../../settings/layers/terms.ts';

/** A failure of a layer's source: it names the layer, and the settings as they are called for it. */
export function inTermsOfLayer(thrown: unknown, layer: string): Failure {
  const failure = toFailure(thrown);
  const { setting, problem, cure } = failure.details;
  const own = setting === undefined ? undefined : inLayerTerms(setting, layer);
  const isNamed = own?.startsWith(layerPrefix(layer)) === true;
  const said = inLayerTerms(problem, layer);
  return another(failure, {
    ...(own === undefined ? {} : { setting: own }),
    problem: isNamed ? said : `layer "${layer}": ${said}`,
    ...(cure === undefined ? {} : { cure: inLayerTerms(cure, layer) }),
    cause: failure,
  });
}

/** The log of a layer's source. */
export function logOfLayer(log: Log, layer: string): Log {
  const own = (fields: object) => ({ layer, ...Object.fromEntries(Object.entries(fields).map(inTerms)) });
  const inTerms = ([name, value]: [string, unknown]): [string, unknown] => [
    name,
    typeof value === 'string' ? inLayerTerms(value, layer) : value,
  ];
  const say = (message: string) => inLayerTerms(message, layer);
  return {
    trace: (fields, message) => log.trace(own(fields), say(message)),
    debug: (fields, message) => log.debug(own(fields), say(message)),
    info: (fields, message) => log.info(own(fields), say(message)),
    warn: (fields, message) => log.warn(own(fields), say(message)),
    error: (fields, message) => log.error(own(fields), say(message)),
  };
}

function another(failure: Failure, details: FailureDetails): Failure {
  if (failure instanceof UnsettledError) return new UnsettledError(details);
  switch (failure.kind) {
    case 'settings':
      return new SettingsError(details);
    case 'denied':
      return new DeniedError(details);
    case 'missing':
      return new MissingError(details);
    case 'unreachable':
      return new UnreachableError(details);
    case 'refused':
      return new RefusedError(details);
    case 'target':
      return new TargetError(details);
    case 'unexpected':
      return new UnexpectedError(details);
  }
}
