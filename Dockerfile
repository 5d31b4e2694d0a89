# Unverified where it was written (no Docker engine there). Builds and runs `spectrad`.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=build /app/package.json /app/package-lock.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir -p /data/objects && chown node:node /data/objects
USER node
ENTRYPOINT ["node", "--no-warnings", "dist/apps/spectrad/main.js"]
