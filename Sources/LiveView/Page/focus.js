// Asking the sender for a region, and what becomes of it.

import { ask } from "/api.js";

export class Requests {
  constructor(root, onMessage) {
    this.list = root.querySelector("#requests-list");
    this.none = root.querySelector("#requests-none");
    this.onMessage = onMessage;
    this.canAsk = false;
  }

  allow(canAsk) {
    this.canAsk = canAsk;
    if (!canAsk) this.none.textContent = "This receiver cannot ask senders for a region.";
  }

  /** @param box of the volume's own voxels */
  async send(session, volume, box) {
    try {
      await ask(session, volume, box);
    } catch (error) {
      this.onMessage(`The region was not asked for: ${error.message}.`);
    }
  }

  draw(requests) {
    this.none.hidden = requests.length > 0;
    this.list.replaceChildren(...requests.map((request) => {
      const [x0, x1, y0, y1, z0, z1] = request.box;
      const item = document.createElement("li");
      const state = document.createElement("b");
      state.textContent = request.seconds == null ? "asked" : `at ROI quality in ${request.seconds.toFixed(2)} s`;
      item.append(`${x1 - x0} × ${y1 - y0} × ${z1 - z0} voxels`, state);
      return item;
    }));
  }
}
