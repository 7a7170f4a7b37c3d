/** The document is no page of the listing that was asked for. */
export class PageFault extends Error {}
