// @ts-check
// Brings the selected volume to the page: has the receiver open it, asks what it is, and then for what has changed of it, until another is
// selected. What fails is said and tried again.

import * as api from "/api.js";
import { Voxels } from "/voxels.js";

/** @typedef {import("/main.js").Viewer} Viewer */

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Fetching {
  /** @param {Viewer} viewer whose selection is fetched */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {number | null} The receiver's number for this page; null until it has said. */
    this.page = null;
    /** @type {AbortController | null} The loading that is under way. */
    this.loading = null;
  }

  /** Gives up what is under way: another volume is selected. */
  stop() {
    this.loading?.abort();
    this.loading = null;
  }

  /** Tells the receiver what this page shows: it opens that, where it has ended or is of before a restart. */
  async openSelected() {
    const { viewer, page } = this;
    const { chosen } = viewer;
    while (page != null && page === this.page && viewer.chosen === chosen) {
      try {
        const session = await api.open(chosen?.session ?? null, page);
        if (viewer.chosen !== chosen || !session) return;
        viewer.trouble(null);
        viewer.take(session);
        return;
      } catch (error) {
        if (viewer.chosen !== chosen || !chosen) return;
        viewer.trouble(`the receiver cannot open ${chosen.session} (${api.words(error)}).`);
      }
      await pause(3000);
    }
  }

  /** Makes room for the selected volume, as soon as the receiver has said what it is. */
  async load() {
    const { viewer } = this;
    const { chosen } = viewer;
    if (!chosen || !viewer.volume || this.loading) return;
    const loading = new AbortController();
    this.loading = loading;
    try {
      const meta = await api.meta(chosen.session, chosen.index, loading.signal);
      if (viewer.chosen !== chosen) return;
      chosen.epoch = meta.epoch;
      if (await viewer.place(new Voxels(meta, chosen), meta)) this.follow();
    } catch (error) {
      if (viewer.chosen !== chosen) return;
      viewer.trouble(`the volume cannot be shown (${api.words(error)}).`);
      await pause(2000);
      if (this.loading !== loading) return;
      this.loading = null;
      this.load();
    }
  }

  /**
   * Fetches what has changed, one patch after another.
   * @returns {Promise<void>}
   */
  async follow() {
    const { viewer, loading } = this;
    const { voxels, chosen } = viewer;
    if (!voxels || !chosen || !loading || voxels.isFollowed) return;
    voxels.isFollowed = true;
    const isMine = () => viewer.voxels === voxels;
    try {
      while (isMine() && viewer.volume?.epoch === voxels.meta.epoch) {
        // Regions of interest first, whatever has come in the meantime.
        const part = viewer.volume.revisions.findIndex((revision, index) => revision > voxels.revisions[index]);
        if (part < 0) break;
        const patch = await api.patches(chosen, voxels.meta.epoch, part, voxels.revisions[part], loading.signal);
        if (!isMine()) return;
        viewer.trouble(null);
        if (!patch) {
          // The volume began anew, or was opened again: what is here is of one that is no more.
          await pause(200);
          if (isMine()) viewer.choose(chosen.session, chosen.index, chosen.timepoint);
          return;
        }
        viewer.change(voxels.apply(patch, part), part);
      }
    } catch (error) {
      if (!isMine()) return;
      viewer.trouble(`what has arrived cannot be fetched (${api.words(error)}); trying again.`);
      await pause(1500);
      voxels.isFollowed = false;
      return void this.follow();
    }
    voxels.isFollowed = false;
  }
}
