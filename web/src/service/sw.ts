/**
 * The service worker: the page works offline after the first visit, and is isolated from other origins, so that
 * WebAssembly may use threads, on servers that cannot set these headers.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;
/** `files`: fetched at once. `later`: kept when the page first asks for them. */
interface List {
  readonly version: string;
  readonly files: readonly string[];
  readonly later: readonly string[];
}

const list = JSON.parse("__OFFLINE_FILES__") as List;
// An origin has one set of caches for all of its folders: the scope tells this page's from another copy's.
const OWN = `nst-onnx ${worker.registration.scope} `;
const CACHE = OWN + list.version;

function isolated(response: Response): Response {
  if (response.status === 0 || response.type === "opaque") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "cross-origin"); // pages that embed this one
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/**
 * Fetch all files. The server is asked for each, because the browser's HTTP cache may have older ones under the same
 * names; what the page has just loaded is not sent again ("no-cache" is answered by 304 then, "reload" never).
 *
 * The first service worker is activated at once. A newer one waits until the page is closed everywhere: a page that
 * runs must not get newer models than its code was built for.
 */
async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(list.files.map((file) => new Request(file, { cache: "no-cache" })));
}

async function takeOver(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(OWN) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const { scope } = worker.registration;
  const isPage = new URL(request.url).pathname === new URL(scope).pathname;
  const found = await cache.match(isPage ? new URL("index.html", scope) : request, { ignoreSearch: true });
  if (found) return isolated(found);
  const fetched = await fetch(request);
  if (fetched.ok && list.later.some((file) => new URL(file, scope).href === request.url)) {
    await cache.put(request, fetched.clone());
  }
  return isolated(fetched);
}

worker.addEventListener("install", (event) => { event.waitUntil(fill()); });
worker.addEventListener("activate", (event) => { event.waitUntil(takeOver()); });
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === worker.location.origin) {
    event.respondWith(answer(request));
  }
});
