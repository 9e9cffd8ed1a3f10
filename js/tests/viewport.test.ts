import { test } from "node:test";
import { expect } from "expect";
import { Viewport } from "../src/shared/viewport";

test("a fitted image is wholly visible and centered", () => {
  const view = new Viewport(800, 600, 500, 1257);
  expect(view.visible()).toEqual({ x: 0, y: 0, width: 500, height: 1257 });
  expect(view.x).toBeCloseTo((800 - 500 * view.scale) / 2);
});

test("zooming keeps the point below the pointer in place", () => {
  const view = new Viewport(800, 600, 4000, 3000);
  const at = { x: 300, y: 200 };
  const before = view.toImage(at);
  view.zoom(2.5, at);
  view.zoom(1.7, at);
  expect(view.toImage(at).x).toBeCloseTo(before.x);
  expect(view.toImage(at).y).toBeCloseTo(before.y);
});

test("stage and image coordinates are inverses", () => {
  const view = new Viewport(800, 600, 4000, 3000);
  view.zoom(3);
  const point = { x: 1234, y: 567 };
  expect(view.toImage(view.toStage(point)).x).toBeCloseTo(point.x);
  expect(view.toImage(view.toStage(point)).y).toBeCloseTo(point.y);
});

test("panning never loses the image", () => {
  const view = new Viewport(800, 600, 400, 300);
  view.pan(1e6, -1e6);
  const { width, height } = view.visible();
  expect(width).toBeGreaterThan(0);
  expect(height).toBeGreaterThan(0);
});

test("a fitted image stays fitted when the stage changes its size", () => {
  const view = new Viewport(800, 600, 4000, 3000);
  view.resize(400, 300);
  expect(view.scale).toBeCloseTo(view.fitScale);
  view.zoom(4);
  const { scale } = view;
  view.resize(500, 300);
  expect(view.scale).toBe(scale);
});

test("a long strip opens at its beginning, and F shows all of it", () => {
  const view = new Viewport(800, 600, 2702, 162);
  expect(view.scale).toBe(1);
  expect(view.visible().x).toBe(0);
  expect(view.partial).toBe(true);
  view.toggleFit();
  expect(view.partial).toBe(false);
  view.toggleFit();
  expect(view.scale).toBe(1);
});

test("a photograph opens whole, and F fills the stage with its short side", () => {
  const view = new Viewport(1, 1, 4000, 3000);
  view.resize(800, 400);
  expect(view.partial).toBe(false);
  view.toggleFit();
  expect(view.scale).toBeCloseTo((800 / 4000) * 0.98);
});

test("a point can be brought into the middle", () => {
  const view = new Viewport(800, 600, 4000, 3000);
  view.zoom(6);
  view.centerOn({ x: 2500, y: 900 });
  expect(view.toStage({ x: 2500, y: 900 }).x).toBeCloseTo(400);
  expect(view.toStage({ x: 2500, y: 900 }).y).toBeCloseTo(300);
});
