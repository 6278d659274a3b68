// Photos to search with: chosen, dropped or pasted, sent with progress and a way out, and the frame on a photo.
"use strict";
(() => {
  const { cropper: cropperScript, largest } = document.currentScript.dataset;
  const { by, toast, busy } = window.lookseekPage;
  const words = () => by("toast").dataset;

  const send = () => {
    if (by("file").files[0]?.size > Number(largest) || by("camera").files[0]?.size > Number(largest)) {
      by("upload").reset();
      by("file").value = by("camera").value = "";
      toast(words().large);
      return;
    }
    by("upload").elements.text.value = by("words").value;
    by("upload").requestSubmit();
  };
  const take = (files) => {
    const photo = [...files].find((file) => file.type.startsWith("image/"));
    if (!photo) {
      if (files.length) toast(words().none);
      return files.length > 0;
    }
    const holder = new DataTransfer();
    holder.items.add(photo);
    by("file").files = holder.files;
    send();
    return true;
  };
  document.addEventListener("change", ({ target }) => target.matches("input[type=file]") && target.files.length && send());
  const holds = (event, kind) => event.dataTransfer && [...event.dataTransfer.types].includes(kind);
  const field = (event) => event.target.closest?.("input, textarea");
  let inside = 0;
  const dropping = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => holds(event, "Files") && dropping(++inside > 0));
  document.addEventListener("dragleave", (event) => holds(event, "Files") && dropping((inside = Math.max(0, inside - 1)) > 0));
  document.addEventListener("dragover", (event) => (holds(event, "Files") || !field(event)) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holds(event, "Files") && field(event)) return; // words that are dragged into a field
    event.preventDefault();
    dropping((inside = 0) > 0);
    if (!take(event.dataTransfer.files)) toast(words().elsewhere);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length && take(event.clipboardData.files)) event.preventDefault();
  });

  // Progress, after a moment in which most photos have arrived.
  let shown;
  const sending = () => by("sending");
  const done = () => {
    clearTimeout(shown);
    sending().hidden = true;
    by("file").value = by("camera").value = "";
  };
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.id !== "upload") return;
    sending().querySelector("progress").removeAttribute("value");
    sending().querySelector("span").textContent = "";
    shown = setTimeout(() => (sending().hidden = false), 300);
  });
  document.addEventListener("htmx:xhr:progress", ({ detail }) => {
    if (detail.elt?.id !== "upload" || !detail.lengthComputable) return;
    const percent = Math.round((100 * detail.loaded) / detail.total);
    sending().querySelector("progress").value = percent;
    sending().querySelector("span").textContent = sending().dataset.sending.replace("{percent}", percent);
  });
  document.addEventListener("click", ({ target }) => target.closest("#cancel") && window.htmx.trigger(document.body, "htmx:abort")); // of hx-sync
  document.addEventListener("htmx:xhr:abort", ({ detail }) => {
    if (detail.elt?.id !== "upload") return;
    busy(false);
    toast(sending().dataset.cancelled);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => detail.elt.id === "upload" && done());

  // The frame on a photo: fields of numbers, which the frame follows and fills; arrow keys move it.
  let loading;
  const cropperLoaded = () => (loading ??= new Promise((loaded, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: cropperScript, onload: loaded, onerror: failed });
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
      minContainerWidth: 1, minContainerHeight: 1, background: false, checkOrientation: false, checkCrossOrigin: false, toggleDragModeOnDblclick: false, crop: fill,
    });
    place.addEventListener("input", () => {
      filling = true;
      image.cropper.setData(given());
      filling = false;
    });
    place.querySelector(".canvas").addEventListener("keydown", (event) => {
      const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
      if (!x && !y) return;
      event.preventDefault();
      const data = image.cropper.getData(), step = Math.max(1, image.naturalWidth / 50);
      const [across, down] = event.shiftKey ? ["width", "height"] : ["x", "y"];
      data[across] = Math.max(across === "x" ? 0 : step, data[across] + x * step);
      data[down] = Math.max(down === "y" ? 0 : step, data[down] + y * step);
      image.cropper.setData(data);
    });
  };
  document.addEventListener("toggle", ({ target }) => target.open && target.matches("#crop") && frame(target), true);
  document.addEventListener("keydown", (event) => {
    const crop = by("crop");
    if (event.key !== "Escape" || !crop?.open) return;
    crop.open = false;
    crop.querySelector("summary").focus();
  });
})();
