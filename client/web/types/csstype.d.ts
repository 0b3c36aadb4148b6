// React's declarations ask for these packages, which Debian has not: as much of them as the page needs.
export type Property = string | number | undefined;
export interface Properties<Length = string | number, _Time = string> {
  readonly width?: Length | string;
  readonly height?: Length | string;
  readonly left?: Length | string;
  readonly right?: Length | string;
  readonly top?: Length | string;
  readonly background?: string;
  readonly borderColor?: string;
  readonly transform?: string;
  readonly paddingLeft?: Length | string;
}
export interface PropertiesHyphen<Length = string | number, Time = string> extends Properties<Length, Time> {}
