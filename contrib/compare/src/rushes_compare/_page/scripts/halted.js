// If a script fails, the plain table remains readable. This runs before all others.
addEventListener("error", () => document.documentElement.classList.add("halted"));
