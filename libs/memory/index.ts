export { ConversationWriter, type AppendRequest, type Message } from './conversation-writer.js';
export { IdempotencyRepository, type Begun, type Reservation } from './idempotency-repository.js';
