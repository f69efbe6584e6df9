// Filters, copy buttons and links into the list. Without this script the page shows everything.
"use strict";
(() => {
  const form = document.querySelector(".filters");
  const rules = [...document.querySelectorAll("details.rule")];
  const chips = new Map([...document.querySelectorAll(".chip")].map((chip) => [chip.dataset.rule, chip]));
  const texts = new Map(rules.map((rule) => [rule, rule.textContent.toLowerCase()]));
  const fold = form.querySelector(".fold");

  const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((input) => input.value);

  // In each row of filters no choice means any.
  function apply() {
    const wanted = { verdict: chosen("verdict"), level: chosen("level"), family: chosen("family") };
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const rule of rules) {
      const fits =
        Object.entries(wanted).every(([name, values]) => !values.length || values.includes(rule.dataset[name])) &&
        words.every((word) => texts.get(rule).includes(word));
      rule.hidden = !fits;
      chips.get(rule.dataset.rule).classList.toggle("out", !fits);
      shown += fits ? 1 : 0;
    }
    for (const group of document.querySelectorAll(".group, .broken-rules")) {
      group.hidden = !group.querySelector("details.rule:not([hidden])");
    }
    document.querySelector(".none").hidden = shown > 0;
    form.querySelector("output").textContent = `${shown} of ${rules.length} shown`;
  }

  // A link to a rule that is folded or filtered out shows it.
  function reveal() {
    const body = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const rule = body && body.closest("details.rule");
    if (!rule) return;
    if (rule.hidden) {
      form.reset();
      apply(); // now: what is hidden takes no focus
    }
    rule.open = true;
    rule.scrollIntoView({ block: "start" });
    rule.querySelector("summary").focus({ preventScroll: true });
  }

  async function copy(button) {
    const code = button.closest("figure").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // No clipboard here: what is to be copied is selected instead.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply)); // the fields are empty after the event
  fold.addEventListener("click", () => {
    const open = fold.textContent === "Open all";
    for (const rule of rules) if (!rule.hidden) rule.open = open;
    fold.textContent = open ? "Close all" : "Open all";
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copy(button);
  });
  addEventListener("hashchange", reveal);

  document.documentElement.classList.add("js");
  for (const hidden of document.querySelectorAll(".scripted, .copy")) hidden.hidden = false;
  apply(); // a reloaded page keeps its fields
  reveal();
})();
