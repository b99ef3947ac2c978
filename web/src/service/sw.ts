/**
 * The service worker: the page works offline after the first visit, and is isolated from other origins, so that
 * WebAssembly may use threads, on servers that cannot set these headers.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;
const list = JSON.parse("__OFFLINE_FILES__") as { readonly version: string; readonly files: readonly string[] };
const CACHE = `nst-onnx-${list.version}`;

function isolated(response: Response): Response {
  if (response.status === 0 || response.type === "opaque") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "cross-origin"); // pages that embed this one
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(list.files);
  await worker.skipWaiting();
}

async function takeOver(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith("nst-onnx-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const { scope } = worker.registration;
  const isPage = new URL(request.url).pathname === new URL(scope).pathname;
  const found = await cache.match(isPage ? new URL("index.html", scope) : request, { ignoreSearch: true });
  return isolated(found ?? (await fetch(request)));
}

worker.addEventListener("install", (event) => { event.waitUntil(fill()); });
worker.addEventListener("activate", (event) => { event.waitUntil(takeOver()); });
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === worker.location.origin) {
    event.respondWith(answer(request));
  }
});
