import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { codeOf, oneLine } from '../../health/words.ts';
import type { KubernetesOptions } from './options.ts';

/** One call to the API server. An answer of any status is a value. */
export interface KubeCall {
  readonly method: 'GET' | 'PATCH';
  /** Absolute, without query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as a JSON merge patch. */
  readonly patch?: object;
}

export interface KubeAnswer {
  readonly status: number;
  /** Undefined: the body is no JSON. */
  readonly json: unknown;
}

/** Errors: `scaling_failed` (no login, no connection, no answer in time; retryable), `cancelled`. */
export interface KubeApi {
  /** Of the API server, for messages. */
  readonly server: string;
  call(call: KubeCall, signal: AbortSignal): Promise<Outcome<KubeAnswer>>;
  close(): Promise<void>;
}

export type OpenKubeApi = (options: KubernetesOptions) => Promise<Outcome<KubeApi>>;

type Client = typeof import('@kubernetes/client-node');
type Request = InstanceType<Client['RequestContext']>;
type Dispatcher = NonNullable<ReturnType<Request['getDispatcher']>>;

const answerWithinMs = 15_000;
const maxBodyBytes = 32 * 2 ** 20;

/**
 * The login is the client library's: kubeconfig with certificates, tokens, exec plugins, or the service account of the pod. It is loaded
 * only here, for services that use it: it takes 1 to 3 s and 90 MB.
 */
export async function openKubeApi(options: KubernetesOptions): Promise<Outcome<KubeApi>> {
  const client = await import('@kubernetes/client-node');
  const source = sourceOf(options);
  const loaded = loadLogin(client, options);
  if (!loaded.ok) return loaded;
  const login = loaded.value;
  const server = login.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server) || server.includes('//undefined'))
    return fail(
      'scaling_failed',
      options.kubeconfig === null
        ? 'this is no pod of Kubernetes: set kubernetes.kubeconfig'
        : `${source} has no ${options.context === null ? 'current context' : `context ${options.context}`} with a cluster`,
    );
  return ok(apiOf(client, options, login, server.replace(/\/+$/, '')));
}

type Login = InstanceType<Client['KubeConfig']>;

function sourceOf({ kubeconfig }: KubernetesOptions): string {
  return kubeconfig ?? 'the service account of the pod';
}

function loadLogin(client: Client, options: KubernetesOptions): Outcome<Login> {
  const login = new client.KubeConfig();
  try {
    if (options.kubeconfig === null) login.loadFromCluster();
    else login.loadFromFile(options.kubeconfig);
    if (options.context !== null) login.setCurrentContext(options.context);
    return ok(login);
  } catch (thrown) {
    return fail('scaling_failed', `${sourceOf(options)} cannot be read: ${wordsOf(thrown)}`, { cause: thrown });
  }
}

function apiOf(client: Client, options: KubernetesOptions, first: Login, server: string): KubeApi {
  const http = new client.IsomorphicFetchHttpLibrary();
  let login = first;
  let kept: Dispatcher | undefined;
  /** Others may be under way on the old ones: they come to their end. */
  const leaveConnections = (): void => {
    kept?.close().catch(() => undefined);
    kept = undefined;
  };
  const send = async (call: KubeCall, signal: AbortSignal): Promise<KubeAnswer> => {
    const context = requestOf(client, server, call, signal);
    await login.applySecurityAuthentication(context);
    // The library (2.0.1) makes new connections for every call, which a wait that looks twice a second would pile up.
    kept ??= context.getDispatcher();
    if (kept !== undefined) context.setDispatcher(kept);
    const response = await http.send(context).toPromise();
    const text = await response.body.text();
    return { status: response.httpStatusCode, json: jsonOf(text) };
  };
  return {
    server,
    async call(call, signal) {
      if (signal.aborted) return fail('cancelled', `Kubernetes was not asked for ${call.path}: cancelled`);
      const late = AbortSignal.timeout(answerWithinMs);
      const either = AbortSignal.any([signal, late]);
      try {
        const answer = await send(call, either);
        if (answer.status !== 401) return ok(answer);
        // The login may have been renewed on disk since: what was refused was not done, so that it is asked once more.
        leaveConnections();
        const fresh = loadLogin(client, options);
        if (!fresh.ok) return ok(answer);
        login = fresh.value;
        return ok(await send(call, either));
      } catch (thrown) {
        if (signal.aborted) return fail('cancelled', `the call to Kubernetes for ${call.path} was cancelled`);
        leaveConnections();
        const why = late.aborted ? `no answer within ${answerWithinMs / 1000} s` : wordsOf(thrown);
        return fail('scaling_failed', `Kubernetes at ${server} was not reached: ${why}`, { retryable: true });
      }
    },
    close: async () => {
      const old = kept;
      kept = undefined;
      await old?.destroy();
    },
  };
}

function requestOf(client: Client, server: string, call: KubeCall, signal: AbortSignal): Request {
  const url = new URL(`${server}${call.path}`);
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
  const context = new client.RequestContext(
    url.href,
    call.method === 'GET' ? client.HttpMethod.GET : client.HttpMethod.PATCH,
  );
  context.setHeaderParam('Accept', 'application/json');
  context.setHeaderParam('User-Agent', 'genesis');
  if (call.patch !== undefined) {
    context.setHeaderParam('Content-Type', client.PatchStrategy.MergePatch);
    context.setBody(JSON.stringify(call.patch));
  }
  context.setSignal(signal);
  return context;
}

function jsonOf(text: string): unknown {
  if (text.length > maxBodyBytes) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The innermost cause: `fetch failed` alone says nothing. */
function wordsOf(thrown: unknown): string {
  let inner = thrown;
  while (Error.isError(inner) && Error.isError((inner as Error).cause)) inner = (inner as Error).cause;
  const words = Error.isError(inner) ? (inner as Error).message : String(inner);
  return oneLine(words || (codeOf(thrown) ?? 'the connection failed'));
}
