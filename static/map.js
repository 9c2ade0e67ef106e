// The field map by keyboard. Every key presses a button that stands on the page, so nothing here is needed.

const typing = (node) => node.closest("input:not([type=radio]), textarea, select, dialog, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-review] .row-link")];
const picked = () => document.querySelector("[data-review] .picked .row-link");
let backToRow = false;

function step(by) {
  const links = rows();
  const at = links.indexOf(picked());
  const next = links[at < 0 ? 0 : at + by];
  if (!next) return;
  pick(next.closest("tr"));
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  next.click();
}

function pick(row) {
  for (const other of document.querySelectorAll("[data-review] tr.picked")) {
    other.classList.remove("picked");
    other.querySelector(".row-link").removeAttribute("aria-current");
  }
  if (!row) return;
  row.classList.add("picked");
  row.querySelector(".row-link").setAttribute("aria-current", "true");
}

function press(key) {
  const button = [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => !one.disabled && one.offsetParent);
  if (!button) return false;
  backToRow = true;
  button.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const at = event.target;
  if (event.key === "Escape") {
    if (at.id === "q") at.blur();
    else if (press("Escape")) event.preventDefault();
    return;
  }
  if (typing(at)) return;
  // In the picker the arrows move between its choices, and Enter sends the form, as everywhere.
  const choosing = at.closest("form.change, dialog");
  if (choosing) return;
  // A key that is held down decides nothing: what was not seen is not accepted.
  if (event.repeat && ["Enter", "x", "u"].includes(event.key)) {
    event.preventDefault();
    return;
  }
  const walks = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  if (event.key in walks && rows().length) {
    event.preventDefault();
    step(walks[event.key]);
  } else if (event.key === "/") {
    const search = document.getElementById("q");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "?") {
    const help = document.getElementById("keys");
    if (!help) return;
    event.preventDefault();
    help.open = !help.open;
    if (help.open) help.querySelector("summary").focus();
  } else if (event.key === "Enter") {
    // Enter accepts from the list or from nowhere; on a button, a link or a summary it does what it says.
    const onPicked = at.matches(".row-link") && at.closest("tr.picked");
    if ((onPicked || at === document.body) && !document.body.classList.contains("htmx-request") && press("Enter")) event.preventDefault();
  } else if (["x", "u", "c"].includes(event.key)) {
    if (press(event.key)) event.preventDefault();
  }
});

// A row that was chosen with the pointer is the chosen one at once, before its details have come.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-review] .row-link");
  if (link) pick(link.closest("tr"));
});

// The panel came for a row: the list shows which, and the keyboard goes on from there.
document.addEventListener("htmx:afterSettle", (event) => {
  const panel = document.getElementById("panel");
  if (!panel || event.detail.target.id !== "panel") return;
  const row = document.getElementById(panel.dataset.row);
  pick(row);
  const form = panel.querySelector("form.change");
  if (form) {
    (form.querySelector("input[type=search], select") || form).focus();
  } else if (row && backToRow) {
    row.querySelector(".row-link").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  backToRow = false;
});

// What cannot be reached is said, in the place where everything else is said.
for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, () => {
    const notice = document.getElementById("notice");
    if (!notice) return;
    notice.innerHTML = "";
    const line = document.createElement("p");
    line.className = "message error";
    line.textContent = "That did not get through, so nothing was changed. Load the page again and try once more.";
    notice.append(line);
  });
}

// The picker's list grows shorter with every letter; another place asks for the usual way again.
document.addEventListener("input", (event) => {
  const list = event.target.dataset.filter && document.querySelector(event.target.dataset.filter);
  if (!list) return;
  event.stopPropagation();
  const wanted = event.target.value.trim().toLowerCase();
  for (const place of list.querySelectorAll(".place")) place.hidden = !place.textContent.toLowerCase().includes(wanted);
});

document.addEventListener("change", (event) => {
  if (event.target.name !== "destination" || event.target.type !== "radio") return;
  const transform = event.target.form.elements.transform;
  if (transform) transform.value = "";
}, true);

// The page came back after a decision: the list is where it was, with the row in focus.
if (new URLSearchParams(location.search).has("field")) picked()?.focus({ preventScroll: false });
