// Where a script fails, the plain table is what is left to read. This comes before all others.
addEventListener("error", () => document.documentElement.classList.add("halted"));
