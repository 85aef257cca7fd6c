// An ECharts chart in the theme's colours. Text is drawn on a canvas or set as text, so none is taken for markup.
// ECharts is large, so a page does not wait for it: it is fetched once there is something to draw on.
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

// What people delivered is no colour, whatever it begins with.
const delivered = new Set(["name", "tip", "url", "data-text", "id", "source", "target"]);

function coloured(value, styles) {
  if (typeof value === "string" && value.startsWith("@")) {
    const [name, opacity] = value.slice(1).split("/");
    const colour = styles.getPropertyValue(`--${name}`).trim();
    return opacity ? colour + Math.round(255 * opacity).toString(16).padStart(2, "0") : colour || value;
  }
  if (Array.isArray(value)) return value.map((each) => coloured(each, styles));
  if (value && typeof value === "object") {
    const made = {};
    for (const [key, each] of Object.entries(value)) made[key] = delivered.has(key) ? each : coloured(each, styles);
    return made;
  }
  return value;
}

function tooltip(given) {
  const box = document.createElement("div");
  for (const each of Array.isArray(given) ? given : [given]) {
    (each.data?.tip ?? []).forEach((line, place) => {
      const row = box.appendChild(document.createElement(place ? "div" : "strong"));
      row.textContent = line;
    });
  }
  return box.childElementCount ? box : "";
}

function axis(given, styles) {
  const quiet = styles.getPropertyValue("--quiet").trim();
  const line = styles.getPropertyValue("--line").trim();
  return {
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: line, opacity: 0.6 } },
    nameTextStyle: { color: quiet },
    ...given,
    axisLabel: { color: quiet, hideOverlap: true, ...given.axisLabel },
  };
}

export default {
  template: `<div role="img" :aria-label="label"></div>`,
  props: { options: Object, label: String },
  mounted() {
    this.draw = async () => {
      const { echarts } = await import("nicegui-echart");
      if (!this.$el?.isConnected) return;
      const styles = getComputedStyle(document.documentElement);
      const font = getComputedStyle(document.body).fontFamily;
      const options = coloured(JSON.parse(JSON.stringify(this.options)), styles);
      for (const name of ["xAxis", "yAxis"]) {
        if (options[name]) options[name] = [options[name]].flat().map((each) => axis(each, styles));
      }
      const ink = styles.getPropertyValue("--ink").trim();
      options.textStyle = { fontFamily: font, color: ink };
      options.animation = !still && options.animation !== false;
      options.animationDuration = 250;
      options.tooltip = {
        trigger: "item",
        confine: true,
        backgroundColor: styles.getPropertyValue("--raised").trim(),
        borderColor: styles.getPropertyValue("--line").trim(),
        padding: [6, 10],
        textStyle: { color: ink, fontSize: 12.5 },
        ...options.tooltip,
        formatter: tooltip,
      };
      if (options.legend) {
        options.legend = { itemWidth: 16, itemHeight: 8, ...options.legend, textStyle: { color: styles.getPropertyValue("--quiet").trim() } };
      }
      for (const point of [options.series].flat().flatMap((each) => each.data ?? [])) {
        const text = point?.label?.["data-text"];
        if (text !== undefined) point.label.formatter = () => text; // As it is, whatever ECharts would read into it.
      }
      this.chart?.dispose();
      this.chart = echarts.init(this.$el, null, { renderer: "canvas" });
      this.chart.setOption(options);
      this.chart.on("click", (event) => event.data?.url && (location.href = event.data.url));
    };
    addEventListener("themechange", this.draw);
    this.seen = new ResizeObserver(() => (this.chart ? this.chart.resize() : this.draw()));
    this.seen.observe(this.$el);
  },
  watch: {
    options() {
      this.draw();
    },
  },
  unmounted() {
    removeEventListener("themechange", this.draw);
    this.seen?.disconnect();
    this.chart?.dispose();
  },
};
