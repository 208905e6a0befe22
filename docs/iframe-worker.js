// The search of a page that was opened from the disk.
//
// There a browser starts no worker. Its script uses only `self.onmessage` and `self.postMessage`,
// so that a hidden frame can run it instead: the frame's own `postMessage` is made to reach the
// page. Zensical looks for a script of this name.
if (location.protocol === "file:") {
  window.Worker = class {
    onmessage = null;
    onerror = null;
    #frame = document.createElement("iframe");
    #early = [];

    constructor(url) {
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => this.#later(() => this.onmessage, data);
      const script = this.#frame.contentDocument.createElement("script");
      script.src = new URL(url, location.href).href;
      script.onload = () => {
        const early = this.#early;
        this.#early = null;
        for (const data of early) this.postMessage(data);
      };
      script.onerror = (event) => this.onerror?.(event);
      this.#frame.contentDocument.body.append(script);
    }

    postMessage(data) {
      if (this.#early) this.#early.push(data);
      else this.#later(() => this.#frame.contentWindow?.onmessage, data);
    }

    // As between threads: a copy, and not at once.
    #later(reader, data) {
      const copy = structuredClone(data);
      setTimeout(() => reader()?.({ data: copy }));
    }

    terminate() {
      this.#frame.remove();
    }
  };
}
