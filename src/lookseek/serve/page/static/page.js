// What the page does beyond its links and forms, which work without it: photos that are dropped and pasted, the frame on
// a photo, and what is said and focused when results have changed.
"use strict";
(() => {
  const { cropper: cropperScript } = document.currentScript.dataset;
  const by = (id) => document.getElementById(id);
  const phone = matchMedia("(max-width: 699px)");

  // Photos: chosen, dropped or pasted, they go the same way.
  const send = () => {
    by("upload").elements.text.value = by("words").value;
    by("upload").requestSubmit();
  };
  const take = (files) => {
    const photo = [...files].find((file) => file.type.startsWith("image/"));
    if (!photo) return false;
    const holder = new DataTransfer();
    holder.items.add(photo);
    by("file").files = holder.files;
    send();
    return true;
  };
  document.addEventListener("change", ({ target }) => {
    if (target.matches("input[type=file]") && target.files.length) send();
    if (target.matches("[data-go]")) target.form.requestSubmit();
  });
  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  let inside = 0;
  const dropping = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => holdsFiles(event) && dropping(++inside > 0));
  document.addEventListener("dragleave", (event) => holdsFiles(event) && dropping((inside = Math.max(0, inside - 1)) > 0));
  document.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    dropping((inside = 0) > 0);
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData && take(event.clipboardData.files)) event.preventDefault();
  });

  // The frame on a photo: fields of numbers, which the frame follows and fills.
  let loading;
  const cropperLoaded = () => (loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: cropperScript, onload: done, onerror: failed });
    document.head.append(script);
  }));
  const frame = async (place) => {
    const image = place.querySelector("[data-crop]");
    await Promise.all([cropperLoaded(), image.decode()]);
    if (image.cropper || !place.open) return;
    const fields = Object.fromEntries([...place.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
    const scale = Number(image.getAttribute("width")) / image.naturalWidth; // the kept photo's pixels for one that is shown
    const given = () => Object.fromEntries(Object.entries(fields).map(([part, one]) => [part, one.valueAsNumber / scale]));
    const first = place.querySelector(".dot") ? given() : undefined;
    let filling = false;
    const fill = ({ detail }) => {
      if (filling) return;
      for (const [part, one] of Object.entries(fields)) {
        one.value = Math.min(Number(one.max), Math.max(Number(one.min), Math.round(detail[part] * scale)));
      }
    };
    const { width, height } = image.getBoundingClientRect();
    Object.assign(image.parentElement.style, { width: `${width}px`, height: `${height}px` }); // what is beside it is none of it
    new window.Cropper(image, {
      viewMode: 1, autoCropArea: 0.8, data: first, zoomable: false, rotatable: false, scalable: false, guides: false,
      background: false, checkOrientation: false, checkCrossOrigin: false, toggleDragModeOnDblclick: false, crop: fill,
    });
    place.addEventListener("input", () => {
      filling = true;
      image.cropper.setData(given());
      filling = false;
    });
  };

  // Pills close when something else is wanted.
  const close = (but) => document.querySelectorAll(".pill[open]").forEach((one) => one !== but && (one.open = false));
  document.addEventListener("toggle", ({ target }) => target.open && target.matches("#crop") && frame(target), true);
  document.addEventListener("click", ({ target }) => close(target.closest(".pill")));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector(".pill[open]");
    if (!open) return;
    close();
    open.querySelector("summary").focus();
  });
  document.addEventListener("error", ({ target }) => {
    if (!target.matches?.("img")) return;
    const { missing } = target.dataset;
    if (missing) Object.assign(target.parentElement, { className: "picture missing" }).dataset.missing = missing;
    else target.removeAttribute("src"); // a quiet ground instead of a torn picture
  }, true);

  // Answers: what was open stays open, focus goes on where it makes sense, and the outcome is said.
  let opened = [], wanted = "", held = "", hiding, slow;
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
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    opened = phone.matches ? [] : [...document.querySelectorAll(".pill[open]")].map((one) => one.id);
    wanted = detail.elt.dataset.focus ?? "";
    held = document.activeElement?.id ?? "";
    if (detail.elt.dataset.open) opened.push(detail.elt.dataset.open);
    by("toast").textContent = "";
    busy(true);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr } = detail;
    if ((xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) {
      document.querySelectorAll("[data-crop]").forEach((image) => image.cropper?.destroy());
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
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id !== "page" && detail.elt?.id !== "page") return;
    opened.forEach((id) => by(id)?.setAttribute("open", ""));
    const lost = !document.activeElement || document.activeElement === document.body;
    if (lost) by(held)?.focus({ preventScroll: true });
    if (wanted || document.activeElement === document.body) by(wanted || "found")?.focus({ preventScroll: true });
    busy(false);
    by("said").textContent = by("found")?.dataset.said ?? "";
    opened = [];
    wanted = "";
  });
})();
