// What the pages at home need of Vega: no maps, forces, trees, clouds or regressions.
import {extend} from 'vega-util';
import {transforms} from 'vega-dataflow';
import * as transformations from 'vega-transforms';
import * as layouts from 'vega-view-transforms';
import * as encodings from 'vega-encode';

extend(transforms, transformations, layouts, encodings);

export {View} from 'vega-view';
export {parse} from 'vega-parser';
export {expressionInterpreter} from 'vega-interpreter';
