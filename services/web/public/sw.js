// Keeps the pages for when there is no network. It keeps no data: that is the outbox's work.
const CACHE = "pages-__VERSION__";
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(__FILES__)));
  self.skipWaiting();
});
self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((n) => n !== CACHE).map((n) => caches.delete(n)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event, { pathname, origin } = new URL(request.url);
  const ours = origin === location.origin && request.method === "GET";
  if (!ours || /^\/(api|graphql|livez|readyz|metrics)/.test(pathname)) return;
  const kept = () => caches.match(request, { ignoreSearch: true, ignoreVary: true });
  const fresh = () => fetch(request).then(async (answer) => {
    if (answer.ok && pathname.endsWith(".wasm")) (await caches.open(CACHE)).put(request, answer.clone());
    return answer;
  });
  // A file whose name changes with its content is never fetched twice; a page is, while it can be.
  const forever = pathname.startsWith("/assets/");
  event.respondWith(forever ? kept().then((hit) => hit ?? fresh()) : fresh().catch(async () =>
    (await kept()) ?? Response.error()));
});
