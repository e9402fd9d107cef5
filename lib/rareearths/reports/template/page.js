// What a page does besides its charts and searches: one switch for all code, and the section that
// is read marked in the contents. Without scripts each code folds by itself, and the links work.
document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector(".bar button");
  const codes = [...document.querySelectorAll("details.code")];
  const showCode = (on) => {
    button.setAttribute("aria-pressed", on);
    document.documentElement.classList.toggle("without-code", !on);
    for (const code of codes) code.open = on;
  };
  if (codes.length) {
    button.hidden = false;
    showCode(false);
    button.addEventListener("click", () => {
      showCode(button.getAttribute("aria-pressed") !== "true");
    });
  }

  const links = [...document.querySelectorAll(".contents a")];
  const target = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const headings = [...new Set(links.map(target))].filter(Boolean);
  const mark = (current) => {
    for (const link of links) {
      if (target(link) === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const list = document.querySelector(".contents.beside");
    const link = list.querySelector("[aria-current]");
    if (link && list.scrollHeight > list.clientHeight) {
      list.scrollTop = link.offsetTop - list.clientHeight / 2;
    }
  };
  // The zone reaches from far above the page to a third of the window: a heading in it was passed.
  const passed = new Set();
  const observer = new IntersectionObserver((changes) => {
    for (const { target: heading, isIntersecting } of changes) {
      if (isIntersecting) passed.add(heading);
      else passed.delete(heading);
    }
    mark(headings.findLast((heading) => passed.has(heading)));
  }, { rootMargin: "9999999px 0px -67% 0px" });
  for (const heading of headings) observer.observe(heading);
  // The last sections may be too short to reach the zone: the link that was followed tells.
  addEventListener("hashchange", () => {
    const followed = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (headings.includes(followed)) requestAnimationFrame(() => mark(followed));
  });

  const fold = document.querySelector(".contents details");
  fold.addEventListener("click", (event) => {
    if (event.target.closest("a")) fold.open = false;
  });
});
