// Rows that can be searched, sorted, turned and taken away. Values are set as text, never as markup.
const none = "–";
const utc = { timeZone: "UTC" };
const numbers = {};

function number(value, digits, least = digits) {
  const key = `${digits} ${least}`;
  numbers[key] ??= new Intl.NumberFormat("en-US", { maximumFractionDigits: digits, minimumFractionDigits: least });
  return numbers[key].format(value).replace("-", "−");
}

function day(value) {
  const at = new Date(value.length === 10 ? `${value}T00:00Z` : `${value}Z`.replace(/(Z|[+-]\d\d:\d\d)Z$/, "$1"));
  if (Number.isNaN(at.getTime())) return [value, ""];
  const written = `${at.getUTCDate()} ${at.toLocaleString("en-US", { month: "short", ...utc })} ${at.getUTCFullYear()}`;
  return [written, at.toISOString().slice(11, 16)];
}

function written(value, column) {
  if (value === null || value === undefined || value === "") return none;
  const { kind, digits } = column;
  if (kind === "count") return number(value, 0);
  if (kind === "figure") return number(value, digits ?? 3);
  if (kind === "bar") return number(value, digits ?? 2);
  if (kind === "price") return number(value, 2);
  if (kind === "seconds") return number(value, 1);
  if (kind === "share") return `${number(100 * value, digits ?? 0)}%`;
  if (kind === "signed") return (value > 0 ? "+" : "") + number(value, digits ?? 3);
  if (kind === "day") return day(value)[0];
  if (kind === "instant") return day(value).join(", ");
  return String(value);
}

export default {
  template: `
<div>
  <div class="rt-bar" v-if="!bare || download">
    <label v-if="!bare && rows.length > 5" class="rt-search"><span class="unseen">Search in: {{ caption }}</span>
      <input type="search" v-model="sought" placeholder="Search these rows" @input="page = 0"></label>
    <span class="rt-said" role="status">{{ said }}</span>
    <span class="rt-files" v-if="download">
      <a :href="file('csv')" download :aria-label="'CSV of: ' + caption">CSV</a>
      <a :href="file('parquet')" download :aria-label="'Parquet of: ' + caption">Parquet</a></span>
  </div>
  <div class="rt-scroll" tabindex="0" role="region" :aria-label="caption">
    <table>
      <thead><tr>
        <th v-for="c in columns" :key="c.name" scope="col" :class="side(c)" :aria-sort="order(c)">
          <button type="button" @click="sort(c)" :title="c.hint">{{ c.label }}<span class="rt-arrow" aria-hidden="true">{{ arrow(c) }}</span></button>
        </th>
        <th v-if="opens" scope="col" class="rt-open"><span class="unseen">Details</span></th>
      </tr></thead>
      <tbody>
        <template v-for="row in shown" :key="row.place">
          <tr :class="{ marked: row.mark }">
            <td v-for="(c, n) in columns" :key="c.name" :class="side(c)">
              <span v-if="c.kind === 'bar' && row.of[c.name] !== null" class="rt-bar-cell"><i aria-hidden="true" :style="{ width: 100 * Math.max(0, Math.min(1, row.of[c.name])) + '%' }"></i></span>
              <a v-if="c.href && row.of[c.href]" :href="row.of[c.href]">{{ text(row, c) }}</a>
              <span v-else-if="c.kind === 'chips'" class="chips"><span v-for="chip in row.of[c.name]">{{ chip }}</span></span>
              <template v-else>{{ text(row, c) }}</template>
              <span v-if="c.beside && row.of[c.beside] != null && row.of[c.beside] !== row.of[c.name]" class="beside">{{ row.of[c.beside] }}</span>
              <span v-if="n === 0 && row.of.mark" class="mark">{{ row.of.mark }}</span>
            </td>
            <td v-if="opens" class="rt-open"><button v-if="row.of.detail" type="button" :aria-expanded="String(!!open[row.place])"
              :aria-label="'Why: ' + text(row, named)" @click="open[row.place] = !open[row.place]">Why</button></td>
          </tr>
          <tr v-if="open[row.place]" class="rt-detail"><td :colspan="columns.length + 1">
            <dl><div v-for="pair in row.of.detail"><dt>{{ pair[0] }}</dt>
              <dd v-if="Array.isArray(pair[1])" class="chips"><span v-for="each in pair[1]">{{ each }}</span></dd>
              <dd v-else>{{ pair[1] }}</dd></div></dl>
          </td></tr>
        </template>
      </tbody>
    </table>
    <p v-if="!found.length" class="message">No row holds “{{ sought }}”.</p>
  </div>
  <div class="rt-pages" v-if="found.length > size">
    <button type="button" :disabled="page === 0" @click="page -= 1">Previous</button>
    <span>{{ page + 1 }} of {{ Math.ceil(found.length / size) }}</span>
    <button type="button" :disabled="(page + 1) * size >= found.length" @click="page += 1">Next</button>
  </div>
</div>`,
  props: { columns: Array, rows: Array, caption: String, size: Number, bare: Boolean, download: String, query: String },
  data: () => ({ sought: "", page: 0, by: null, down: false, open: {} }),
  computed: {
    opens() {
      return this.rows.some((row) => row.detail);
    },
    named() {
      return this.columns.find((c) => c.href) ?? this.columns[0];
    },
    said() {
      const all = this.rows.length;
      const some = this.found.length;
      const rows = (n) => `${number(n, 0)} ${n === 1 ? "row" : "rows"}`;
      return some === all ? rows(all) : `${number(some, 0)} of ${rows(all)}`;
    },
    found() {
      const sought = this.sought.trim().toLowerCase();
      let rows = this.rows.map((of, place) => ({ of, place }));
      if (sought) rows = rows.filter((row) => this.columns.some((c) => `${this.text(row, c)} ${(c.beside && row.of[c.beside]) ?? ""}`.toLowerCase().includes(sought)));
      if (this.by) {
        const { name } = this.by;
        const turn = this.down ? -1 : 1;
        rows.sort((one, other) => {
          const [a, b] = [one.of[name], other.of[name]];
          if (a === b || (a == null && b == null)) return one.place - other.place;
          if (a == null || b == null) return a == null ? 1 : -1;
          return turn * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
        });
      }
      return rows;
    },
    shown() {
      return this.found.slice(this.page * this.size, (this.page + 1) * this.size);
    },
  },
  watch: {
    rows() {
      this.page = 0;
      this.open = {};
    },
  },
  methods: {
    text(row, column) {
      const value = row.of[column.name];
      return Array.isArray(value) ? value.join(", ") : written(value, column);
    },
    side(c) {
      if (c.kind === "code") return "code";
      if (["day", "instant"].includes(c.kind)) return "when";
      return ["text", "chips"].includes(c.kind) ? "" : "number";
    },
    order(c) {
      return this.by?.name === c.name ? (this.down ? "descending" : "ascending") : null;
    },
    arrow(c) {
      return this.by?.name === c.name ? (this.down ? "↓" : "↑") : "";
    },
    sort(c) {
      const again = this.by?.name === c.name;
      this.down = again ? !this.down : this.side(c) === "number";
      this.by = c;
      this.page = 0;
    },
    file(ending) {
      return `${this.download}.${ending}?${this.query}`;
    },
  },
};
