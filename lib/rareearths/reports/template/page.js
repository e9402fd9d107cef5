// What a page does besides its charts and searches: one switch for all code, the section that is
// read marked in the contents, and no useless stops of the Tab key. Without scripts each code folds
// by itself, and the links work.
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

  // A box that has nothing to scroll is no stop of the Tab key.
  const boxes = new ResizeObserver((changes) => {
    for (const { target: box } of changes) {
      const wide = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      if (wide) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll(".scroll")) boxes.observe(box);

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
  // A heading was passed when it lies above a third of the window. The last sections may be too
  // short to get there: the link that was followed tells, as long as its heading is in the window.
  const passed = new Set();
  const visible = new Set();
  const update = () => {
    const followed = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    mark(visible.has(followed) ? followed : headings.findLast((heading) => passed.has(heading)));
  };
  const watch = (inside, rootMargin) => {
    const observer = new IntersectionObserver((changes) => {
      for (const { target: heading, isIntersecting } of changes) {
        if (isIntersecting) inside.add(heading);
        else inside.delete(heading);
      }
      update();
    }, { rootMargin });
    for (const heading of headings) observer.observe(heading);
  };
  watch(passed, "9999999px 0px -67% 0px");
  watch(visible, "0px");
  addEventListener("hashchange", update);

  const fold = document.querySelector(".contents details");
  fold.addEventListener("click", (event) => {
    if (event.target.closest("a")) fold.open = false;
  });
});
