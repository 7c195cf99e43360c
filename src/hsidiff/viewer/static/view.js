// The map: a scene in pixel space. x is the column, y is minus the row, one unit is one pixel.

const { Map: OlMap, View } = ol;
const TILE_PX = 256;

export const toMap = ([col, row]) => [col, -row];
export const toPixel = ([x, y]) => [x, -y];

export function makeMap(scene) {
  const extent = [0, -scene.rows, scene.cols, 0];
  const projection = new ol.proj.Projection({ code: "pixels", units: "pixels", extent });
  const map = new OlMap({
    target: "map",
    controls: ol.control.defaults.defaults({ rotate: false, attribution: false }),
    interactions: ol.interaction.defaults.defaults({ altShiftDragRotate: false, pinchRotate: false, doubleClickZoom: false, dragPan: false }),
    view: new View({ projection, center: ol.extent.getCenter(extent), minResolution: 1 / 40, maxResolution: 4 * scene.largest_step, showFullExtent: true }),
  });
  map.getView().fit(extent, { padding: [56, 20, 20, 20] });
  return map;
}

// A source of square pictures; `path` gives the address from step, column and row.
export function tileSource(scene, map, path) {
  const levels = Math.log2(scene.largest_step);
  const tileGrid = new ol.tilegrid.TileGrid({
    extent: [0, -scene.rows, scene.cols, 0],
    origin: [0, 0],
    resolutions: Array.from({ length: levels + 1 }, (_, z) => scene.largest_step / 2 ** z),
    tileSize: TILE_PX,
  });
  return new ol.source.TileImage({
    projection: map.getView().getProjection(),
    tileGrid,
    interpolate: false,
    transition: 0,
    wrapX: false,
    tileUrlFunction: ([z, x, y]) => path(scene.largest_step / 2 ** z, x, y),
  });
}

export function overviewSource(scene, map, url) {
  const step = scene.overview_step;
  const [rows, cols] = [Math.ceil(scene.rows / step) * step, Math.ceil(scene.cols / step) * step];
  return new ol.source.ImageStatic({
    url, projection: map.getView().getProjection(), imageExtent: [0, -rows, cols, 0], interpolate: false,
  });
}

// Shows where on the map something is told of: gives a function that takes (column, row).
export function addMark(map) {
  const { Style, Stroke, RegularShape } = ol.style;
  const cross = (color, width) => new Style({ image: new RegularShape({ points: 4, radius: 10, radius2: 0, stroke: new Stroke({ color, width }) }) });
  const place = new ol.geom.Point([0, 0]);
  const layer = new ol.layer.Vector({
    source: new ol.source.Vector({ features: [new ol.Feature(place)], wrapX: false }),
    zIndex: 13, visible: false, style: [cross("#1f2a33", 4), cross("#ffffff", 1.5)],
  });
  map.addLayer(layer);
  return ([col, row]) => { place.setCoordinates(toMap([col + 0.5, row + 0.5])); layer.setVisible(true); };
}
