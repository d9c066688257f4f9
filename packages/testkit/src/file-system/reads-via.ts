import type { FileHandle, FileSystem } from "@zoolog/base";

/** The file system, with `read` in the place of every file's own, which it may call. */
export function readsVia(
  fileSystem: FileSystem,
  read: (file: FileHandle, target: Uint8Array, position: number) => Promise<number>,
): FileSystem {
  const viaRead = (file: FileHandle): FileHandle =>
    overriding(file, { read: (target, position) => read(file, target, position) });
  return overriding(fileSystem, {
    open: async (path, mode) => viaRead(await fileSystem.open(path, mode)),
  });
}

function overriding<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
