export { HttpPlane, type HttpPlaneOptions } from "./http/http-plane.ts";
