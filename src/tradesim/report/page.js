(function () {
  "use strict";
  var options = { displayModeBar: false, responsive: false, showLink: false, topojsonURL: "", plotlyServerURL: "" };

  function spec(figure) {
    var content = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    content.data.forEach(function (trace) { trace.x = content.shared[trace.x].slice(); });
    return content;
  }
  function draw(figure) {
    if (figure.dataset.drawn || !window.Plotly || figure.offsetParent === null) { return; }
    figure.dataset.drawn = "yes";
    var chart = figure.querySelector(".chart"), content = spec(figure);
    if (chart.clientWidth < content.layout.width) { return; }
    Plotly.newPlot(figure.querySelector(".live"), content.data, content.layout, options)
      .then(function () { chart.classList.add("is-live"); });
  }
  function choose(button) {
    document.querySelectorAll('.tabs [data-group="' + button.dataset.group + '"]').forEach(function (other) {
      other.setAttribute("aria-pressed", String(other === button));
    });
    document.querySelectorAll('figure[data-group="' + button.dataset.group + '"]').forEach(function (figure) {
      figure.classList.toggle("off", figure.id !== button.dataset.target);
      if (figure.id === button.dataset.target) { draw(figure); }
    });
  }
  function save(name, kind, text) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }
  function cell(value) {
    var text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }
  function rows(content) {
    var out = [["panel", "series", "x", "value", "p10", "p90"]];
    content.data.forEach(function (trace) {
      if (trace.type === "heatmap") {
        trace.z.forEach(function (line, i) {
          line.forEach(function (value, j) { out.push([trace.meta.rows[i], trace.meta.series, trace.meta.columns[j], value, "", ""]); });
        });
      } else if (trace.meta && trace.meta.row) {
        out.push(trace.meta.row.concat(["", ""]));
      } else if (trace.fill !== "toself" && trace.mode !== "text") {
        trace.x.forEach(function (x, i) {
          var spread = trace.customdata ? trace.customdata[i] : ["", ""];
          out.push([trace.meta, trace.name, x, trace.y[i], spread[0], spread[1]]);
        });
      }
    });
    return out.map(function (row) { return row.map(cell).join(","); }).join("\n") + "\n";
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) { return; }
    if (button.dataset.group) { choose(button); }
    if (button.dataset.save) {
      var figure = button.closest("figure"), name = figure.id.replace("fig-", "");
      if (button.dataset.save === "svg") {
        save(name + ".svg", "image/svg+xml", figure.querySelector(".static svg").outerHTML);
      } else {
        save(name + ".csv", "text/csv", rows(spec(figure)));
      }
    }
  });
  var figures = Array.prototype.slice.call(document.querySelectorAll("figure.card"));
  if ("IntersectionObserver" in window) {
    var watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { if (entry.isIntersecting) { draw(entry.target); } });
    }, { rootMargin: "600px" });
    figures.forEach(function (figure) { watcher.observe(figure); });
  } else {
    figures.forEach(draw);
  }
}());
