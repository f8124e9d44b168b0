"use strict";
/* Shows the rows that hold every word of the search. Written without signs that XML would mistake. */
document.querySelectorAll("[data-search]").forEach(function (input) {
  var id = input.dataset.search;
  var found = document.querySelector('[data-found="' + id + '"]');
  var rows = Array.from(document.getElementById(id).tBodies[0].rows).map(function (row) {
    return {
      row: row,
      text: Array.from(row.cells).map(function (cell) { return cell.textContent; }).join("\n").toLowerCase(),
    };
  });
  function search() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (one) {
      var fits = words.every(function (word) { return one.text.includes(word); });
      one.row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    found.textContent = words.length ? shown.toLocaleString("en") + " of " + rows.length.toLocaleString("en") : "";
  }
  input.addEventListener("input", search);
  document.querySelector('[data-tools="' + id + '"]').hidden = false;
  search();
});
