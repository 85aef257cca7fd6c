// The theme before the first paint, and what header and forms do without a round trip.
(() => {
  const choices = ["auto", "light", "dark"];
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => {
    try {
      return choices.includes(localStorage.recsysTheme) ? localStorage.recsysTheme : "auto";
    } catch {
      return "auto";
    }
  };
  const apply = () => {
    const choice = kept();
    root.dataset.choice = choice;
    root.dataset.theme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    dispatchEvent(new Event("themechange"));
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (event.target.id !== "theme") return;
    try {
      localStorage.recsysTheme = choices[(choices.indexOf(kept()) + 1) % choices.length];
    } catch {}
    apply();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id !== "night") return;
    const to = new URL(location.href);
    if (event.target.value) to.searchParams.set("night", event.target.value);
    else to.searchParams.delete("night");
    location.href = to;
  });
})();
