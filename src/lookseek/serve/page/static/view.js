// An item large, above the results: its photos to page through, and zoom.
"use strict";
(() => {
  const { by, busy } = window.lookseekPage;
  const view = by("view");
  const inView = (element) => element?.closest?.("#product");

  const unzoom = (product) => {
    const zoom = product.querySelector(".zoom");
    zoom.setAttribute("aria-pressed", "false");
  };
  const choose = (link) => {
    const product = inView(link), image = product.querySelector(".zoom img");
    unzoom(product);
    image.parentElement.classList.remove("missing");
    image.src = `${link.dataset.photo}?size=640`;
    product.querySelectorAll("[data-photo]").forEach((one) => one.removeAttribute("aria-current"));
    link.setAttribute("aria-current", "true");
  };
  const point = (zoom, { clientX, clientY }) => {
    const box = zoom.getBoundingClientRect();
    zoom.style.setProperty("--x", `${(100 * (clientX - box.x)) / box.width}%`);
    zoom.style.setProperty("--y", `${(100 * (clientY - box.y)) / box.height}%`);
  };
  document.addEventListener("click", (event) => {
    const photo = event.target.closest("[data-photo]"), zoom = event.target.closest(".zoom");
    if (photo) {
      event.preventDefault();
      choose(photo);
    } else if (zoom) {
      const on = zoom.getAttribute("aria-pressed") !== "true", image = zoom.querySelector("img");
      zoom.setAttribute("aria-pressed", String(on));
      if (on) image.src = image.src.replace("size=640", "size=1280");
      if (event.detail) point(zoom, event);
    } else if (event.target === view) view.close(); // the ground around it
  });
  document.addEventListener("pointermove", (event) => {
    const zoom = event.target.closest?.('.zoom[aria-pressed="true"]');
    if (zoom) point(zoom, event);
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], product = by("product");
    if (!step || !product || event.target.matches("input, select")) return;
    const photos = [...product.querySelectorAll("[data-photo]")];
    const now = photos.findIndex((one) => one.hasAttribute("aria-current"));
    if (photos[now + step]) choose(photos[now + step]);
  });

  let from = "";
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target?.id === "view-body") from = detail.elt.id;
    else if (view.open) view.close();
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id !== "view-body") return;
    busy(false);
    if (!view.open) view.showModal();
    view.scrollTop = 0;
  });
  view.addEventListener("close", () => {
    by("view-body").replaceChildren();
    by(from)?.focus({ preventScroll: true });
  });
})();
