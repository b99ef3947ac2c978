const RELOADS = "nst-onnx reloads";
const MOST_RELOADS = 2; // in a row: where they do not help, the page works with one thread

/**
 * Register the service worker. Once it serves the page, reload a page that is not yet isolated, so that it may use
 * threads: only while nothing has been chosen.
 */
export async function registerServiceWorker(untouched: () => boolean): Promise<void> {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  try {
    await navigator.serviceWorker.register("sw.js");
    await navigator.serviceWorker.ready;
  } catch {
    return; // private windows of some browsers have none: the page works, online
  }
  document.documentElement.dataset["offline"] = "ready";
  if (window.crossOriginIsolated) {
    sessionStorage.removeItem(RELOADS);
    return;
  }
  const reloads = Number(sessionStorage.getItem(RELOADS) ?? 0);
  if (reloads >= MOST_RELOADS || window.top !== window || !untouched()) return;
  sessionStorage.setItem(RELOADS, String(reloads + 1));
  location.reload();
}
