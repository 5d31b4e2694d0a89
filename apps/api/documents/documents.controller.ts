import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '#libs/access/index.js';
import {
  NotFoundError,
  operations,
  type ChunkPage,
  type Document,
  type DocumentPage,
  type UploadResponse,
} from '#libs/contracts/index.js';
import { DocumentRepository, storageKeys, UploadAcceptance, type StoredDocument } from '#libs/documents/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import { SurrealServer } from '#libs/stores/surreal/index.js';
import { Metrics } from '#libs/telemetry/index.js';
import { CurrentCaller, Endpoint, Input, type InputOf } from '../http/endpoint.js';
import { OBJECT_STORE } from '../tokens.js';
import { readUpload } from './read-upload.js';

function toWire(stored: StoredDocument): Document {
  const { storageKey: _storageKey, titleGiven: _titleGiven, ...document } = stored;
  return document;
}

@Controller()
export class DocumentsController {
  constructor(
    @Inject(SurrealServer) private readonly server: SurrealServer,
    @Inject(UploadAcceptance) private readonly acceptance: UploadAcceptance,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Endpoint(operations.uploadDocument)
  async upload(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest): Promise<UploadResponse> {
    const upload = await readUpload(request, this.acceptance.maxBytes);
    const session = await this.server.session(caller.context.ref);
    const answer = await this.acceptance.accept({ contextId: caller.context.id, session, ...upload });
    this.metrics.bytesIngested.inc(upload.bytesRead());
    return answer;
  }

  @Endpoint(operations.listDocuments)
  async list(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.listDocuments>,
  ): Promise<DocumentPage> {
    const page = await (await this.#documents(caller)).list(input.query);
    return { ...page, documents: page.documents.map((document) => toWire(document as StoredDocument)) };
  }

  @Endpoint(operations.getDocument)
  async get(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.getDocument>,
  ): Promise<Document> {
    return toWire(await this.#find(caller, input.params.documentId));
  }

  @Endpoint(operations.listChunks)
  async chunks(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.listChunks>,
  ): Promise<ChunkPage> {
    const document = await this.#find(caller, input.params.documentId);
    return (await this.#documents(caller)).listChunks(document.id, input.query.page, input.query.pageSize);
  }

  @Endpoint(operations.getDocumentBytes)
  async raw(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.getDocumentBytes>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const document = await this.#find(caller, input.params.documentId);
    const { body, sizeBytes } = await this.objects.stream(document.storageKey);
    // Uploaded HTML must not run as a page of this origin: it is handed out as a download, never sniffed.
    await reply
      .header('content-type', document.mimeType)
      .header('content-length', sizeBytes)
      .header('x-content-type-options', 'nosniff')
      .header('content-disposition', 'attachment')
      .send(body);
  }

  @Endpoint(operations.deleteDocument)
  async delete(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.deleteDocument>,
  ): Promise<void> {
    const document = await this.#find(caller, input.params.documentId);
    await (await this.#documents(caller)).delete(document.id);
    await this.objects.delete(document.storageKey);
    await this.objects.deletePrefix(storageKeys.derived(caller.context.id, document.id));
  }

  async #documents(caller: Caller): Promise<DocumentRepository> {
    return new DocumentRepository(await this.server.session(caller.context.ref));
  }

  async #find(caller: Caller, id: string): Promise<StoredDocument> {
    const document = await (await this.#documents(caller)).find(id);
    if (!document) throw new NotFoundError(`There is no document ${id} in this Context.`, 'document_not_found');
    return document;
  }
}
