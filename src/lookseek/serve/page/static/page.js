// What the page does beyond its links and forms, which work without it: what is open, focused and said when results have
// changed, more results, the place that is restored on Back. photo.js and view.js have the photo and the view of an item.
"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const phone = matchMedia("(max-width: 699px)");

  document.addEventListener("change", ({ target }) => target.matches("[data-go]") && target.form.requestSubmit());

  // Pills close when something else is wanted.
  const close = (but) => document.querySelectorAll(".pill[open]").forEach((one) => one !== but && (one.open = false));
  document.addEventListener("click", ({ target }) => close(target.closest(".pill")));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector(".pill[open]");
    if (!open) return;
    close();
    open.querySelector("summary").focus();
  });

  // Two handles on one line, which fill the fields below them.
  document.addEventListener("input", ({ target }) => {
    const slider = target.closest("[data-slider]");
    if (!slider) return;
    const [low, high] = slider.querySelectorAll("input");
    if (low.valueAsNumber > high.valueAsNumber) (target === low ? high : low).value = target.value;
    for (const one of [low, high]) {
      const atLow = one.dataset.end === "low", edge = Number(atLow ? one.min : one.max);
      const step = 10 ** Math.floor(Math.log10((one.max - one.min) / 100)); // a hundredth of the range, outwards
      const field = slider.closest("form").querySelector(`input[name^="${one.dataset.end}."]`);
      const round = atLow ? Math.floor : Math.ceil;
      field.value = one.valueAsNumber === edge ? "" : Number((round(one.valueAsNumber / step) * step).toPrecision(12));
    }
  });

  document.addEventListener("error", ({ target }) => {
    if (!target.matches?.("img")) return;
    const { missing } = target.dataset;
    if (missing) Object.assign(target.parentElement, { className: `${target.parentElement.className} missing` }).dataset.missing = missing;
    else target.removeAttribute("src"); // a quiet ground instead of a torn picture
  }, true);

  // The place in the list: kept for each address, restored on Back and on reload.
  const place = () => `place:${location.pathname}${location.search}`;
  let waiting;
  const keep = () => { try { sessionStorage.setItem(place(), Math.round(scrollY)); } catch { /* storage is off */ } };
  addEventListener("scroll", () => { clearTimeout(waiting); waiting = setTimeout(keep, 120); }, { passive: true });
  addEventListener("pagehide", keep);
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation && navigation.type !== "navigate") {
    history.scrollRestoration = "manual";
    try { scrollTo({ top: Number(sessionStorage.getItem(place()) ?? 0), behavior: "instant" }); } catch { /* as above */ }
  }

  // Answers: what was open stays open, focus goes on where it makes sense, and the outcome is said.
  let opened = [], wanted = "", held = "", item = "", hiding, slow;
  const toast = (text) => {
    by("toast").textContent = text;
    clearTimeout(hiding);
    hiding = setTimeout(() => (by("toast").textContent = ""), 8000);
  };
  const busy = (on) => {
    by("page").setAttribute("aria-busy", on);
    clearTimeout(slow);
    if (on) slow = setTimeout(() => (by("said").textContent = by("said").dataset.wait), 800);
  };
  window.lookseekPage = { by, toast, busy };
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    keep();
    opened = phone.matches ? [] : [...document.querySelectorAll(".pill[open]")].map((one) => one.id);
    wanted = detail.elt.dataset.focus ?? "";
    held = document.activeElement?.id ?? "";
    item = detail.elt.dataset.hold ? detail.elt.closest("[data-item]")?.dataset.item : "";
    if (detail.elt.dataset.open) opened.push(detail.elt.dataset.open);
    by("toast").textContent = "";
    busy(true);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr } = detail;
    if ((xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) {
      if (detail.target.id === "page") document.querySelectorAll("[data-crop]").forEach((image) => image.cropper?.destroy());
      return;
    }
    detail.shouldSwap = false;
    busy(false);
    let problem = {};
    try { problem = JSON.parse(xhr.responseText); } catch { /* no words of ours */ }
    toast(problem.detail ?? by("toast").dataset.offline);
  });
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, () => {
      busy(false);
      toast(by("toast").dataset.offline);
    });
  }
  const settleMore = () => {
    const seen = new Set();
    document.querySelectorAll(".grid [data-item]").forEach((card) => {
      if (seen.has(card.dataset.item)) card.remove(); // the catalogue changed, and it moved
      seen.add(card.dataset.item);
    });
    by("said").textContent = (by("count") ?? by("found-head")).textContent;
  };
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (by("page").getAttribute("aria-busy") === "true" && detail.requestConfig?.path?.includes("/more?")) {
      busy(false);
      settleMore();
    }
    if (detail.target?.id !== "page" && detail.elt?.id !== "page") return;
    opened.forEach((id) => by(id)?.setAttribute("open", ""));
    const same = item && document.querySelector(`[data-item="${CSS.escape(item)}"] [data-hold]`);
    const lost = !document.activeElement || document.activeElement === document.body || item;
    if (lost) (same || (item ? by("found") : by(held)))?.focus({ preventScroll: true });
    if (wanted || document.activeElement === document.body) by(wanted || "found")?.focus({ preventScroll: true });
    busy(false);
    by("said").textContent = by("found")?.dataset.said ?? "";
    opened = [];
    wanted = item = "";
  });
})();
