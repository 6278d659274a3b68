/* lookseek beside a shop's own search box: a camera button that opens results in a panel.
   <script src="https://search.shop.example/static/widget.js" defer
     data-input="#search" data-language="vi" data-key="ls_..." data-filter="in_stock = true"></script>
   Needs of a strict CSP: script-src, connect-src and img-src with the service's origin (with a key also blob:). No inline
   styles, no framework. Events on document, with detail: lookseek:open, :search, :results, :click, :more, :error, :close. */
"use strict";
(() => {
  const script = document.currentScript, told = script.dataset;
  const root = script.src.replace(/static\/widget\.js.*$/, "");
  const TEXTS = {
    en: { camera: "Search by photo", title: "Search by photo", close: "Close", choose: "Upload a photo", drop: "or drop one here",
      words: "Describe it, or how it should differ", go: "Search", wait: "Searching…", none: "No results", found: "{n} results",
      far: "No close matches. Showing the nearest items.", more: "Show more", failed: "The search failed. Try again.",
      busy: "Too many searches right now. Try again in a moment.", wrong: "This photo can't be used. Try another one." },
    vi: { camera: "Tìm bằng ảnh", title: "Tìm bằng ảnh", close: "Đóng", choose: "Tải ảnh lên", drop: "hoặc thả ảnh vào đây",
      words: "Mô tả món cần tìm, hoặc điểm khác", go: "TRUY VẤN", wait: "Đang tìm…", none: "Không có kết quả", found: "{n} kết quả",
      far: "Không có món nào thật sự phù hợp. Dưới đây là những món gần giống nhất.", more: "Xem thêm",
      failed: "Không tìm được. Hãy thử lại.", busy: "Hiện có quá nhiều lượt tìm kiếm. Hãy thử lại sau giây lát.",
      wrong: "Không dùng được ảnh này. Hãy chọn ảnh khác." },
  };
  const language = (told.language || document.documentElement.lang || "en").slice(0, 2);
  const t = TEXTS[language] || TEXTS.en;
  const PAGE = 24, SIDE = 1280;
  const STYLE = `
    :host { --a: var(--lookseek-accent, #a3285a); --g: var(--lookseek-ground, #fff); --i: var(--lookseek-ink, #1d1b1e);
      --s: var(--lookseek-soft, #635d63); --q: var(--lookseek-quiet, #f5f3f1); --r: var(--lookseek-radius, 14px);
      font: var(--lookseek-font, 16px/1.5 system-ui, sans-serif); color: var(--i); }
    * { box-sizing: border-box; }
    button, input { font: inherit; color: inherit; }
    .camera { display: inline-grid; place-items: center; width: 44px; height: 44px; border: 0; border-radius: 50%; background: none; cursor: pointer; }
    .camera:hover { background: var(--q); }
    svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
    :focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
    dialog { width: min(920px, calc(100vw - 16px)); max-height: calc(100vh - 16px); padding: 20px; border: 0; border-radius: calc(var(--r) * 1.5); background: var(--g); color: var(--i); overflow: auto; }
    dialog::backdrop { background: #1d1b1eb3; }
    header, form { display: flex; gap: 10px; align-items: center; }
    header { justify-content: space-between; } h2 { margin: 0; font-size: 20px; }
    form { flex-wrap: wrap; margin: 12px 0; }
    .photo { position: relative; display: flex; align-items: center; gap: 10px; padding: 10px 16px; min-height: 48px; border: 2px dashed var(--a); border-radius: var(--r); color: var(--a); cursor: pointer; }
    .photo input { position: absolute; inset: 0; opacity: 0; cursor: pointer; width: 100%; }
    .photo img { width: 48px; height: 56px; object-fit: cover; border-radius: 8px; }
    .photo small { color: var(--s); }
    .words { flex: 1 1 180px; min-width: 0; height: 48px; padding: 0 14px; border: 1px solid var(--s); border-radius: 99px; background: var(--g); }
    .go { min-height: 48px; padding: 0 22px; border: 0; border-radius: 99px; background: var(--a); color: var(--lookseek-on-accent, #fff); font-weight: 650; cursor: pointer; }
    ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 16px; margin: 0; padding: 0; list-style: none; }
    li a, .plain { display: block; width: 100%; padding: 0; border: 0; background: none; color: inherit; text-align: start; text-decoration: none; cursor: pointer; }
    li img { display: block; width: 100%; aspect-ratio: 3 / 4; object-fit: scale-down; border-radius: var(--r); background: var(--q); }
    li b, li span { display: block; font-size: 14px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    li span { color: var(--s); } .said { min-height: 1.5em; color: var(--s); margin: 8px 0; }
    .more { display: block; margin: 18px auto 0; }`;
  const CAMERA = "M4 8.5h3.2L9 6h6l1.8 2.5H20A1.5 1.5 0 0 1 21.5 10v7.5A1.5 1.5 0 0 1 20 19H4a1.5 1.5 0 0 1-1.5-1.5V10A1.5 1.5 0 0 1 4 8.5Z";

  const tell = (name, detail = {}) => document.dispatchEvent(new CustomEvent(`lookseek:${name}`, { detail, cancelable: true }));
  const make = (tag, given = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (name in element && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const icon = (...paths) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    for (const d of paths) svg.append(Object.assign(document.createElementNS(svg.namespaceURI, "path"), {}));
    [...svg.children].forEach((path, place) => path.setAttribute("d", paths[place]));
    return svg;
  };
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  const shadowed = () => {
    const host = document.createElement("span"), shadow = host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet];
    return [host, shadow];
  };

  // The service.
  const headers = told.key ? { "X-API-Key": told.key } : {};
  const ask = async (path, options = {}) => {
    const response = await fetch(root + path, { ...options, headers, credentials: "omit", mode: "cors" });
    if (!response.ok) throw Object.assign(new Error(path), { status: response.status });
    return response;
  };
  let roles;
  const describe = async (attributes) => {
    roles ??= ask("v1/index").then((answer) => answer.json()).then((index) => index.roles ?? {}).catch(() => ({}));
    const known = await roles, text = (role) => (known[role] === undefined ? undefined : attributes[known[role]]);
    const link = /^https?:\/\/[^\s]+$/i.test(text("link") ?? "") ? text("link") : "";
    const currency = attributes[`${known.price}_currency`] ?? "";
    const price = typeof text("price") === "number" ? `${text("price").toLocaleString(language)} ${currency}` : text("price") ?? "";
    return { title: String(text("title") ?? attributes.title ?? ""), brand: String(text("brand") ?? ""), price: String(price).trim(), link };
  };
  const picture = async (image, id) => {
    const path = `v1/items/${encodeURIComponent(id)}/image?size=320`;
    image.crossOrigin = "anonymous";
    if (!told.key) image.src = root + path;
    else image.src = URL.createObjectURL(await (await ask(path)).blob());
  };
  const smaller = async (file) => {
    try {
      const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
      if (scale === 1 && file.size < 1e6) return file;
      const canvas = make("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9))) ?? file;
    } catch {
      return file; // the service tells what it is
    }
  };

  // The panel.
  const [host, shadow] = shadowed();
  const said = make("p", { className: "said", role: "status" });
  const list = make("ol"), more = make("button", { className: "go more", type: "button", textContent: t.more, hidden: true });
  const file = make("input", { type: "file", accept: "image/*", "aria-label": t.choose });
  const label = make("label", { className: "photo" }, icon(CAMERA), make("span", { textContent: t.choose }), make("small", { textContent: t.drop }), file);
  const words = make("input", { className: "words", type: "search", placeholder: t.words, "aria-label": t.words, maxLength: 500 });
  const form = make("form", {}, label, words, make("button", { className: "go", textContent: t.go }));
  const close = make("button", { className: "camera", type: "button", "aria-label": t.close }, icon("m7 7 10 10M17 7 7 17"));
  const dialog = make("dialog", { "aria-label": t.title }, make("header", {}, make("h2", { textContent: t.title }), close), form, said, list, more);
  shadow.append(dialog);
  let photo, cursor = "", rank = 0, running;

  const card = async (hit) => {
    const shown = await describe(hit.attributes), place = ++rank;
    const image = make("img", { alt: shown.title, loading: "lazy", decoding: "async" });
    picture(image, hit.id).catch(() => {});
    const link = make(shown.link ? "a" : "button", shown.link ? { href: shown.link, rel: "noopener" } : { type: "button", className: "plain" }, image,
      make("b", { textContent: shown.price }), make("span", { textContent: shown.title || shown.brand }));
    link.addEventListener("click", (event) => {
      if (!tell("click", { id: hit.id, rank: place, link: shown.link, attributes: hit.attributes })) event.preventDefault();
    });
    return make("li", {}, link);
  };
  const search = async (next = "") => {
    if (!photo && !words.value.trim()) return file.click();
    running?.abort();
    const mine = running = new AbortController();
    const body = new FormData();
    if (photo) body.append("image", photo, "photo.jpg");
    if (words.value.trim()) body.append("text", words.value.trim());
    if (told.filter) body.append("filter", told.filter);
    body.append("k", PAGE);
    if (next) body.append("cursor", next);
    said.textContent = t.wait;
    tell(next ? "more" : "search", { kind: photo ? (words.value.trim() ? "both" : "photo") : "words" });
    try {
      const answer = await (await ask("v1/search", { method: "POST", body, signal: mine.signal })).json();
      await describe({}); // the roles, before anything is shown
      if (mine !== running) return; // another search began meanwhile
      if (!next) { list.replaceChildren(); rank = 0; }
      const cards = await Promise.all(answer.hits.map(card));
      if (mine !== running) return;
      list.append(...cards);
      cursor = answer.next ?? "";
      more.hidden = !cursor;
      said.textContent = !rank ? t.none : answer.good === 0 ? t.far : t.found.replace("{n}", rank);
      tell("results", { count: answer.hits.length, good: answer.good ?? null, more: Boolean(cursor) });
    } catch (error) {
      if (error.name === "AbortError") return;
      said.textContent = { 413: t.wrong, 415: t.wrong, 422: t.wrong, 429: t.busy, 503: t.busy }[error.status] ?? t.failed;
      tell("error", { status: error.status ?? 0 });
    }
  };
  const take = async (chosen) => {
    if (!chosen) return;
    photo = await smaller(chosen);
    label.querySelector("img, svg").replaceWith(make("img", { alt: "", src: URL.createObjectURL(photo) }));
    search();
  };
  file.addEventListener("change", () => take(file.files[0]));
  dialog.addEventListener("dragover", (event) => event.preventDefault());
  dialog.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  dialog.addEventListener("paste", (event) => take(event.clipboardData?.files[0]));
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  more.addEventListener("click", () => search(cursor));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => tell("close"));
  const open = (query = "") => {
    if (!host.isConnected) document.body.append(host);
    if (query) words.value = query;
    if (!dialog.open) dialog.showModal();
    tell("open");
  };

  // The button beside the shop's search box.
  const start = () => {
    const [place, inner] = shadowed();
    const input = document.querySelector(told.input || "input[type=search]");
    const button = make("button", { className: "camera", type: "button", "aria-label": t.camera, title: t.camera }, icon(CAMERA, "M12 10.3a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4Z"));
    button.addEventListener("click", () => open());
    inner.append(button);
    place.id = "lookseek-camera";
    host.id = "lookseek-panel";
    if (input) input.after(place);
    document.body.append(host);
    window.lookseek = { open, close: () => dialog.close(), search: (query) => { open(query); search(); } };
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
