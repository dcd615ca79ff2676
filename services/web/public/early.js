// Runs before anything is drawn: the look that was chosen, and the keys that a scanner sends while
// the page still loads.
(function () {
  var root = document.documentElement;
  var read = function (name) { try { return localStorage.getItem("lastmeter." + name); } catch (e) { return null; } };
  root.lang = read("language") === "en" ? "en" : "zh-CN";
  root.dataset.theme = read("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.size = read("size") || "usual";
  var keys = (window.earlyKeys = []);
  window.earlyListener = function (event) { if (keys.length < 4096) keys.push(event); };
  addEventListener("keydown", window.earlyListener, true);
})();
